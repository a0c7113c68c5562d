// The versions of a prompt, what differs between two of them, and a way back.
"use client";
import { Box, Button, Flex, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { History, RotateCcw } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { number, person } from "@/lib/format";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { ConfirmDialog } from "@/ui/dialogs";
import { JsonDiff } from "@/ui/diff";
import { Card, ErrorState, Loaded, NothingState } from "@/ui/page";
import { RelativeTime } from "@/ui/small";
import { SmallSelect } from "@/ui/span-choice";
import { PromptChanges, RestorePrompt, Versions } from "./queries";
import { TextDiff } from "./text-diff";

export function VersionList({ id, current }: { id: string; current: number }) {
  const url = useUrlState();
  const result = useQuery(Versions, { variables: { id } });
  const restore = useChange(RestorePrompt);
  const [wanted, want] = useState<number>();
  return (
    <Loaded result={result} permission="prompts:read">
      {({ promptVersions }) => {
        const versions = [...promptVersions].sort((a, b) => b.version - a.version);
        if (versions.length === 0) return <Card><NothingState icon={History} title={t("prompt.noVersions")} /></Card>;
        const numbers = versions.map((one) => one.version);
        const to = numbers.find((one) => one === Number(url.get("to"))) ?? numbers[0] ?? 1;
        const from = numbers.find((one) => one === Number(url.get("from"))) ?? numbers.find((one) => one < to) ?? to;
        const choices = numbers.map((one) => ({ value: String(one), label: t("prompt.versionOf", { version: one }) }));
        const text = (version: number) => versions.find((one) => one.version === version)?.promptText ?? "";
        return (
          <Stack gap="4">
            <Card flush title={t("prompt.versions")}>
              <Stack as="ol" gap="0" listStyleType="none">
                {versions.map((one) => (
                  <Flex as="li" key={one.version} px="4" py="2.5" gap="4" align="center" borderTopWidth="1px" borderColor="border.muted" fontSize="sm" wrap="wrap">
                    <Text fontWeight="semibold" minW="5rem">{t("prompt.versionOf", { version: one.version })}</Text>
                    {one.version === current ? <StatusBadge value="active" label={t("prompt.current")} /> : null}
                    <Text color="fg.muted" flex="1">{person(one.changedBy)} · <RelativeTime at={one.createdAt} /></Text>
                    <Text color="fg.muted" fontVariantNumeric="tabular-nums">{t("prompt.tokens", { count: number(one.tokenCount) })}</Text>
                    <HStack gap="1">
                      <Button size="2xs" variant="outline" onClick={() => url.set({ from: one.version, to: numbers[0] })} disabled={one.version === numbers[0]}>{t("prompt.compare")}</Button>
                      {one.version === current ? null : <May permission="prompts:write"><Button size="2xs" variant="outline" onClick={() => want(one.version)}><RotateCcw size={12} aria-hidden /> {t("prompt.restore")}</Button></May>}
                    </HStack>
                  </Flex>
                ))}
              </Stack>
            </Card>
            {versions.length > 1 ? (
              <Card title={t("prompt.difference")} actions={<HStack gap="2"><SmallSelect label={t("report.from")} value={String(from)} choices={choices} choose={(value) => url.set({ from: value })} /><Text fontSize="sm" color="fg.muted">→</Text><SmallSelect label={t("report.to")} value={String(to)} choices={choices} choose={(value) => url.set({ to: value })} /></HStack>}>
                <Stack gap="4"><TextDiff before={text(from)} after={text(to)} /><Fields id={id} from={from} to={to} /></Stack>
              </Card>
            ) : null}
            <ConfirmDialog open={wanted !== undefined} close={() => want(undefined)} danger={false} title={t("prompt.restore.ask", { version: wanted ?? 0 })} text={t("prompt.restore.text")} action={t("prompt.restore")} run={() => restore({ id, version: wanted ?? 0 }, t("prompt.restored"))} />
          </Stack>
        );
      }}
    </Loaded>
  );
}

/** The other fields that differ; the text stands above, line by line. */
function Fields({ id, from, to }: { id: string; from: number; to: number }) {
  const { data, error, refetch } = useQuery(PromptChanges, { variables: { id, from, to }, skip: from === to });
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} />;
  const others = (data?.promptDiff ?? []).filter((one) => !/prompt_?text/i.test(one.path));
  return others.length === 0 ? null : <Box><Text fontSize="xs" fontWeight="semibold" color="fg.muted" mb="2">{t("prompt.fields")}</Text><JsonDiff changes={others} /></Box>;
}
