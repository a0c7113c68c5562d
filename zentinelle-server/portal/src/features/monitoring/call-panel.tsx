// One call of a model: what was sent, what came back, what it cost, what was found in it.
"use client";
import { HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { instant, number, usd } from "@/lib/format";
import { hrefFor } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { SidePanel } from "@/ui/dialogs";
import { Loaded, MissingState } from "@/ui/page";
import { Facts, GoTo, JsonText } from "@/ui/small";
import { Interaction } from "./queries";

function Said({ title, text }: { title: string; text: string }) {
  if (!text) return null;
  return <Stack gap="1"><Text fontSize="xs" fontWeight="semibold" color="fg.muted">{title}</Text><JsonText value={text} whiteSpace="pre-wrap" /></Stack>;
}

export function CallPanel({ id, close }: { id: string | null; close: () => void }) {
  const result = useQuery(Interaction, { variables: { id: id ?? "" }, skip: !id });
  return (
    <SidePanel open={!!id} close={close} title={t("call.title")} size="lg">
      <Loaded result={result} permission="interactions:read">
        {({ interactionLog: call }) => call ? (
          <Stack gap="4">
            <HStack gap="2">{call.wasBlocked ? <StatusBadge value="blocked" /> : null}{call.hasViolations ? <StatusBadge value="warning" label={t("call.violations", { count: call.violationCount ?? 1 })} /> : null}</HStack>
            <Facts items={[
              [t("call.model"), `${word(call.aiProvider)} · ${call.aiModel}`], [t("decision.agent"), call.endpointName || "–"], [t("decision.user"), call.userIdentifier || "–"], [t("live.at"), instant(call.occurredAt)],
              [t("call.tokens"), t("call.inOut", { input: number(call.inputTokenCount), output: number(call.outputTokenCount), total: number(call.totalTokens) })],
              [t("call.latency"), call.latencyMs === null ? "–" : `${number(call.latencyMs)} ms`], [t("call.cost"), usd(call.estimatedCostUsd)],
              [t("decision.session"), call.sessionId ? <GoTo key="s" href={hrefFor("session", call.sessionId)}>{call.sessionId}</GoTo> : "–"],
            ]} />
            <Said title={t("call.system")} text={call.systemPrompt} />
            <Said title={t("call.input")} text={call.inputContent} />
            <Said title={t("call.output")} text={call.outputContent} />
            {Array.isArray(call.toolCalls) && call.toolCalls.length > 0 ? <Stack gap="1"><Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("call.tools")}</Text><JsonText value={call.toolCalls} /></Stack> : null}
            {!call.inputContent && !call.outputContent ? <Text fontSize="sm" color="fg.muted">{t("call.notKept")}</Text> : null}
          </Stack>
        ) : <MissingState />}
      </Loaded>
    </SidePanel>
  );
}
