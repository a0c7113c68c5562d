// The live feed and the figures above it.
"use client";
import { Box, Button, chakra, Flex, HStack, Input, NativeSelect, Stack, Text } from "@chakra-ui/react";
import { Circle, Pause, Play } from "lucide-react";
import { useState } from "react";
import { instant } from "@/lib/format";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { SidePanel } from "@/ui/dialogs";
import { Card, NothingState } from "@/ui/page";
import { Facts, GoTo, JsonText, RelativeTime } from "@/ui/small";
import { ActivityCharts } from "./charts";
import { entryHref } from "./entry";
import { type Entry, useActivity } from "./use-activity";

const KINDS = ["decision", "interaction", "event"];
const LOOKS = { live: "good", connecting: "medium", waiting: "critical" } as const;

export function LiveActivity() {
  const url = useUrlState();
  const [paused, pause] = useState(false);
  const { state, entries, held, fault, clear } = useActivity(paused);
  const [opened, open] = useState<Entry>();
  const kind = url.get("kind") ?? "";
  const text = (url.get("search") ?? "").toLowerCase();
  const shown = entries.filter((one) => (!kind || one.kind === kind) && (!text || `${one.title} ${one.agentId} ${one.userIdentifier} ${one.status}`.toLowerCase().includes(text)));
  return (
    <Stack gap="4">
      <ActivityCharts />
      <Card flush title={t("live.title")} actions={
        <HStack gap="2" wrap="wrap">
          <HStack gap="1.5" fontSize="xs" color={`${LOOKS[state]}.fg`} role="status"><Circle size={9} fill="currentColor" aria-hidden /> {t(`live.${state}`)}</HStack>
          <NativeSelect.Root size="xs" w="9rem">
            <NativeSelect.Field aria-label={t("live.kind")} value={kind} onChange={(event) => url.set({ kind: event.target.value })}>
              <option value="">{t("live.all")}</option>
              {KINDS.map((one) => <option key={one} value={one}>{word(one)}</option>)}
            </NativeSelect.Field>
            <NativeSelect.Indicator />
          </NativeSelect.Root>
          <Input size="xs" w="11rem" type="search" data-search aria-label={t("common.search")} placeholder={t("common.search")} value={url.get("search") ?? ""} onChange={(event) => url.set({ search: event.target.value })} />
          <Button size="xs" variant="outline" aria-pressed={paused} onClick={() => pause(!paused)}>
            {paused ? <Play size={13} aria-hidden /> : <Pause size={13} aria-hidden />} {paused ? t("live.resume", { count: held }) : t("live.pause")}
          </Button>
          <Button size="xs" variant="ghost" onClick={clear}>{t("live.clear")}</Button>
        </HStack>
      }>
        {fault ? <Text role="alert" px="4" py="2" fontSize="sm" color="critical.fg">{t("live.fault", { message: fault })}</Text> : null}
        {state === "waiting" ? <Text px="4" py="2" fontSize="sm" bg="medium.bg" color="medium.fg">{t("live.lost")}</Text> : null}
        {shown.length === 0 ? (
          <NothingState title={entries.length > 0 ? t("state.filtered") : t("live.none")} text={entries.length > 0 ? undefined : t("live.none.text")} />
        ) : (
          <Box maxH="34rem" overflow="auto" tabIndex={0} role="log" aria-live={paused ? "off" : "polite"} aria-label={t("live.title")} borderTopWidth="1px" borderColor="border">
            <Stack as="ol" gap="0" listStyleType="none">{shown.map((entry) => <Row key={entry.id} entry={entry} open={() => open(entry)} />)}</Stack>
          </Box>
        )}
      </Card>
      <EntryPanel entry={opened} close={() => open(undefined)} />
    </Stack>
  );
}

function Row({ entry, open }: { entry: Entry; open: () => void }) {
  const href = entryHref(entry);
  return (
    <Flex as="li" px="4" py="2" gap="3" align="center" borderBottomWidth="1px" borderColor="border.muted" fontSize="sm" wrap={{ base: "wrap", md: "nowrap" }} _hover={{ bg: "bg.subtle" }}>
      <Text color="fg.muted" fontSize="xs" fontVariantNumeric="tabular-nums" w="6.5rem" flexShrink="0"><RelativeTime at={entry.at} /></Text>
      <Box w="6rem" flexShrink="0"><Tag>{word(entry.kind)}</Tag></Box>
      <Box flex="1" minW="10rem" truncate>
        {href ? <GoTo href={href} color="fg">{entry.title}</GoTo> : <chakra.button type="button" fontWeight="medium" cursor="pointer" textAlign="start" onClick={open}>{entry.title}</chakra.button>}
      </Box>
      <Text color="fg.muted" fontSize="xs" truncate maxW="14rem">{[entry.agentId, entry.userIdentifier].filter(Boolean).join(" · ")}</Text>
      <StatusBadge value={entry.status} />
    </Flex>
  );
}

export function EntryPanel({ entry, close }: { entry: Entry | undefined; close: () => void }) {
  const href = entry ? entryHref(entry) : undefined;
  return (
    <SidePanel open={!!entry} close={close} title={entry?.title ?? ""}>
      {entry ? (
        <Stack gap="4">
          <Facts items={[
            [t("common.type"), word(entry.kind)], [t("common.status"), <StatusBadge key="status" value={entry.status} />], [t("live.at"), instant(entry.at)],
            [t("decision.agent"), entry.agentId || "–"], [t("decision.user"), entry.userIdentifier || "–"],
          ]} />
          <JsonText value={entry.detail} />
          {href ? <GoTo href={href}>{t("common.open")}</GoTo> : null}
        </Stack>
      ) : null}
    </SidePanel>
  );
}
