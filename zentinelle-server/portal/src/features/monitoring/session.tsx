// Everything of one session or correlation id, oldest first.
"use client";
import { Box, Button, chakra, Flex, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { Download } from "lucide-react";
import { useState } from "react";
import { duration, instant, longDuration } from "@/lib/format";
import { saveFile } from "@/lib/save-file";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Card, Grid, Loaded, MissingState, NothingState, Page } from "@/ui/page";
import { GoTo, JsonText } from "@/ui/small";
import { StatCard } from "@/ui/stat";
import { entryHref } from "./entry";
import { Timeline } from "./queries";
import type { Entry } from "./use-activity";

/** The most entries the server tells at once. */
const MOST = 200;
const DENIED = ["denied", "deny", "blocked", "violated"];

export function SessionTimeline() {
  const url = useUrlState();
  const id = url.get("id");
  const correlation = url.get("correlation");
  const name = id ?? correlation ?? "";
  const result = useQuery(Timeline, { variables: { sessionId: id, correlationId: id ? null : correlation }, skip: !name });
  const entries = result.data?.timeline ?? [];
  return (
    <Page title={id ? t("session.title", { id: name }) : t("session.correlation", { id: name })} lead={t("session.lead")} permission="evaluations:read"
      actions={entries.length > 0 ? <Button size="sm" variant="outline" onClick={() => saveFile(`session-${name}.json`, JSON.stringify(entries, null, 2), "application/json")}><Download size={15} aria-hidden /> {t("session.save")}</Button> : null}>
      {!name ? <MissingState /> : (
        <Loaded result={result} permission="evaluations:read">
          {({ timeline }) => timeline.length === 0 ? <NothingState title={t("session.none")} text={t("session.none.text")} /> : <Body entries={timeline} />}
        </Loaded>
      )}
    </Page>
  );
}

function Body({ entries }: { entries: readonly Entry[] }) {
  const url = useUrlState();
  const kind = url.get("kind");
  const at = (entry: Entry | undefined) => (entry ? new Date(entry.at).getTime() : 0);
  const kinds = [...new Set(entries.map((one) => one.kind))];
  const shown = kind ? entries.filter((one) => one.kind === kind) : entries;
  const lasted = (at(entries.at(-1)) - at(entries[0])) * 1000;
  return (
    <Stack gap="4">
      <Grid min="11rem">
        <StatCard label={t("session.entries")} value={entries.length} />
        <StatCard label={t("session.denied")} value={entries.filter((one) => DENIED.includes(one.status)).length} tone={entries.some((one) => DENIED.includes(one.status)) ? "critical" : undefined} />
        <StatCard label={t("session.lasted")} value={longDuration(Math.max(0, Math.round(lasted / 1_000_000)))} />
        <StatCard label={t("decision.agent")} value={<Text as="span" fontSize="md">{[...new Set(entries.map((one) => one.agentId).filter(Boolean))].join(", ") || "–"}</Text>} />
      </Grid>
      {entries.length >= MOST ? <Text fontSize="sm" color="fg.muted">{t("session.cut", { count: MOST })}</Text> : null}
      <Card title={t("session.timeline")} actions={
        <HStack gap="1" wrap="wrap" role="group" aria-label={t("live.kind")}>
          {[null, ...kinds].map((one) => <Button key={one ?? "all"} size="2xs" variant={kind === one ? "solid" : "outline"} aria-pressed={kind === one} onClick={() => url.set({ kind: one })}>{one ? word(one) : t("common.all")}</Button>)}
        </HStack>
      }>
        <Stack as="ol" gap="0" listStyleType="none" borderInlineStartWidth="2px" borderColor="border" ms="1.5">
          {shown.map((entry, index) => <Step key={entry.id} entry={entry} gap={index === 0 ? 0 : at(entry) - at(shown[index - 1])} />)}
        </Stack>
      </Card>
    </Stack>
  );
}

function Step({ entry, gap }: { entry: Entry; gap: number }) {
  const [open, setOpen] = useState(false);
  const href = entryHref(entry);
  const denied = DENIED.includes(entry.status);
  return (
    <Box as="li" ps="5" py="2.5" position="relative" _before={{ content: '""', position: "absolute", insetStart: "-0.4rem", top: "1.05rem", boxSize: "0.65rem", rounded: "full", bg: denied ? "critical.solid" : "accent.solid", borderWidth: "2px", borderColor: "bg.panel" }}>
      <Flex gap="3" align="center" wrap="wrap" fontSize="sm">
        <Text color="fg.muted" fontSize="xs" fontVariantNumeric="tabular-nums" minW="11rem">{instant(entry.at)}{gap > 0 ? ` (+${gap < 60_000 ? duration(gap * 1000) : longDuration(gap / 1000)})` : ""}</Text>
        <Tag>{word(entry.kind)}</Tag>
        <Box flex="1" minW="10rem">{href ? <GoTo href={href}>{entry.title}</GoTo> : <Text fontWeight="medium">{entry.title}</Text>}</Box>
        <StatusBadge value={entry.status} />
        <chakra.button type="button" fontSize="xs" color="accent.fg" cursor="pointer" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? t("common.hide") : t("session.detail")}</chakra.button>
      </Flex>
      {open ? <JsonText mt="2" value={entry.detail} /> : null}
    </Box>
  );
}
