// What the server says of a prompt's text: what is good about it, what could be better, and how.
"use client";
import { Box, Button, HStack, Stack, Text } from "@chakra-ui/react";
import { Sparkles } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { May } from "@/lib/session";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ProblemList } from "@/ui/dialogs";
import { Card } from "@/ui/page";
import type { AnalyzePromptMutation } from "./gql/graphql";
import { AnalyzePrompt } from "./queries";

type Found = AnalyzePromptMutation["analyzeSystemPrompt"];

export function Analysis({ text, promptType, take }: { text: string; promptType: string; take: (before: string, after: string) => void }) {
  const analyze = useChange(AnalyzePrompt);
  const [found, setFound] = useState<{ of: string; result: Found }>();
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    const outcome = await analyze({ promptText: text, promptType });
    setBusy(false);
    setFault(outcome.success ? undefined : outcome.problems.map((one) => one.message).join(" "));
    if (outcome.success && outcome.payload) setFound({ of: text, result: outcome.payload });
  };
  return (
    <May permission="prompts:write">
      <Card title={t("prompt.analysis")} actions={<Button size="xs" type="button" variant="outline" loading={busy} disabled={text.trim().length < 10} onClick={() => void run()}><Sparkles size={13} aria-hidden /> {t("prompt.analyze")}</Button>}>
        <Stack gap="3" aria-live="polite">
          {fault ? <ProblemList problems={[{ message: fault, path: [] }]} /> : null}
          {!found ? <Text fontSize="sm" color="fg.muted">{t("prompt.analysis.lead")}</Text> : (
            <>
              {found.of === text ? null : <Text fontSize="xs" color="medium.fg">{t("prompt.analysis.old")}</Text>}
              <HStack gap="3" align="baseline"><Text fontSize="2xl" fontWeight="semibold">{found.result.overallScore}</Text><Text fontSize="sm" color="fg.muted">{t("prompt.of100")} · {found.result.tokenEfficiency}</Text></HStack>
              {found.result.strengths.length > 0 ? <Stack as="ul" ps="4" gap="1" fontSize="sm">{found.result.strengths.map((one) => <li key={one}>{one}</li>)}</Stack> : null}
              {found.result.improvements.map((one, index) => (
                <Box key={index} borderTopWidth="1px" borderColor="border.muted" pt="3" fontSize="sm">
                  <HStack gap="2" mb="1"><StatusBadge value={one.severity} /><Tag>{word(one.category)}</Tag></HStack>
                  <Text>{one.explanation}</Text>
                  {one.suggestedText ? <Text mt="1" fontFamily="mono" fontSize="xs" bg="good.bg" color="good.fg" p="2" rounded="l1" whiteSpace="pre-wrap">{one.suggestedText}</Text> : null}
                  {one.originalText && one.suggestedText && text.includes(one.originalText) ? <Button mt="2" size="2xs" type="button" variant="outline" onClick={() => take(one.originalText ?? "", one.suggestedText ?? "")}>{t("prompt.take")}</Button> : null}
                </Box>
              ))}
            </>
          )}
        </Stack>
      </Card>
    </May>
  );
}
