// Days and agents that stand out from what was usual: what was seen, what was expected, how far apart.
"use client";
import { Box, Button, Flex, HStack, NativeSelect, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { instant, number } from "@/lib/format";
import { sayProblems, useChange } from "@/lib/change";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Card, Grid, Loaded, NothingState } from "@/ui/page";
import { RelativeTime } from "@/ui/small";
import { StatCard } from "@/ui/stat";
import type { AnomaliesQuery } from "./gql/graphql";
import { SpanOfPage } from "./charts";
import { Anomalies as Found, SetAnomaly } from "./queries";
import { useSince } from "./use-since";

type Anomaly = AnomaliesQuery["anomalies"][number];
const STATUSES = ["open", "acknowledged", "resolved"];

export function Anomalies() {
  const url = useUrlState();
  const { since } = useSince("30d");
  const status = STATUSES.find((one) => one === url.get("status"));
  const result = useQuery(Found, { variables: { since }, pollInterval: 120_000 });
  return (
    <Stack gap="4">
      <HStack justify="space-between" wrap="wrap">
        <Text fontSize="sm" color="fg.muted" maxW="70ch">{t("anomaly.lead")}</Text>
        <HStack>
          <NativeSelect.Root size="xs" w="9rem">
            <NativeSelect.Field aria-label={t("common.status")} value={status ?? ""} onChange={(event) => url.set({ status: event.target.value })}>
              <option value="">{t("common.all")}</option>
              {STATUSES.map((one) => <option key={one} value={one}>{word(one)}</option>)}
            </NativeSelect.Field>
            <NativeSelect.Indicator />
          </NativeSelect.Root>
          <SpanOfPage />
        </HStack>
      </HStack>
      <Loaded result={result} permission="usage:read">
        {({ anomalies }) => {
          const shown = status ? anomalies.filter((one) => one.status === status) : anomalies;
          const count = (key: string, value: string) => anomalies.filter((one) => one[key as "status" | "severity"] === value).length;
          return (
            <Stack gap="4">
              <Grid min="11rem">
                <StatCard label={t("anomaly.found")} value={anomalies.length} />
                <StatCard label={t("anomaly.open")} value={count("status", "open")} tone={count("status", "open") > 0 ? "high" : undefined} />
                <StatCard label={t("anomaly.critical")} value={count("severity", "critical")} tone={count("severity", "critical") > 0 ? "critical" : undefined} />
              </Grid>
              {shown.length === 0 ? <Card><NothingState title={anomalies.length > 0 ? t("state.filtered") : t("anomaly.none")} text={anomalies.length > 0 ? undefined : t("anomaly.none.text")} /></Card> : (
                <Grid as="ul" min="24rem" listStyleType="none">{shown.map((one) => <Box as="li" key={one.id} minW="0"><One anomaly={one} /></Box>)}</Grid>
              )}
            </Stack>
          );
        }}
      </Loaded>
    </Stack>
  );
}

function One({ anomaly }: { anomaly: Anomaly }) {
  const change = useChange(SetAnomaly);
  const set = (status: string) => async () => sayProblems(await change({ id: anomaly.id, status }, t("common.saved")));
  const most = Math.max(anomaly.actual, anomaly.expected, 1e-9);
  const bar = (label: string, value: number, color: string) => (
    <Flex align="center" gap="2" fontSize="xs">
      <Text w="5rem" color="fg.muted" flexShrink="0">{label}</Text>
      <Box flex="1" h="2" bg="bg.muted" rounded="full" overflow="hidden" aria-hidden><Box h="100%" w={`${Math.max(1, (value / most) * 100)}%`} bg={color} /></Box>
      <Text w="5rem" textAlign="end" fontVariantNumeric="tabular-nums">{number(value, 2)}</Text>
    </Flex>
  );
  return (
    <Card>
      <Stack gap="3">
        <HStack gap="2" wrap="wrap"><StatusBadge value={anomaly.severity} /><StatusBadge value={anomaly.status} /><Tag>{word(anomaly.kind)}</Tag></HStack>
        <Box>
          <Text fontWeight="medium">{anomaly.title}</Text>
          <Text fontSize="xs" color="fg.muted">{anomaly.agentId ? `${anomaly.agentId} · ` : ""}<span title={instant(anomaly.at)}><RelativeTime at={anomaly.at} /></span></Text>
        </Box>
        <Stack gap="1">
          {bar(t("anomaly.actual"), anomaly.actual, "high.solid")}
          {bar(t("anomaly.expected"), anomaly.expected, "quiet.solid")}
          <Text fontSize="xs" color="fg.muted">{t("anomaly.sigma", { sigma: number(anomaly.sigma, 1) })}</Text>
        </Stack>
        <May permission="alerts:write">
          <HStack gap="2">
            {anomaly.status === "open" ? <Button size="xs" variant="outline" onClick={set("acknowledged")}>{t("incident.acknowledge")}</Button> : null}
            {anomaly.status !== "resolved" ? <Button size="xs" variant="outline" onClick={set("resolved")}>{t("incident.resolve")}</Button> : <Button size="xs" variant="outline" onClick={set("open")}>{t("incident.reopen")}</Button>}
          </HStack>
        </May>
      </Stack>
    </Card>
  );
}
