// What a draft would have decided of recorded traffic, beside what is in force.
"use client";
import { Box, Button, HStack, NativeSelect, Stack, Table, Text } from "@chakra-ui/react";
import { useLazyQuery } from "@apollo/client/react";
import { useState } from "react";
import { percent } from "@/lib/format";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { Card, ErrorState, Grid, LoadingCards, NothingState } from "@/ui/page";
import { GoTo, RelativeTime } from "@/ui/small";
import { StatCard } from "@/ui/stat";
import { type Draft, toInput } from "./draft";
import { PolicyImpact } from "./queries";

export function Impact({ draft, id, ran }: { draft: Draft | undefined; id?: string; ran: () => void }) {
  const [days, setDays] = useState(7);
  const [load, { data, error, loading }] = useLazyQuery(PolicyImpact, { fetchPolicy: "network-only" });
  const run = () => {
    if (draft) void load({ variables: { input: toInput(draft, id), days } }).then(({ error: fault }) => fault || ran());
  };
  const found = data?.policyImpact;
  const period = t("common.days", { count: days });
  return (
    <Card title={t("impact.title")} actions={
      <HStack gap="2">
        <Text fontSize="sm" color="fg.muted" id="impact-days">{t("impact.days")}</Text>
        <NativeSelect.Root size="sm" w="7rem">
          <NativeSelect.Field aria-labelledby="impact-days" value={String(days)} onChange={({ target }) => setDays(Number(target.value))}>
            {[1, 7, 30, 90].map((one) => <option key={one} value={one}>{t("common.days", { count: one })}</option>)}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
        <Button size="sm" variant="outline" loading={loading} disabled={!draft} onClick={run}>{t("impact.run")}</Button>
      </HStack>
    }>
      {loading ? <LoadingCards count={4} /> : error ? <ErrorState error={error} retry={run} /> : !found ? (
        <Text fontSize="sm" color="fg.muted">{t("impact.lead")}</Text>
      ) : found.examined === 0 ? (
        <NothingState title={t("impact.noTraffic")} />
      ) : (
        <Stack gap="4">
          <Grid min="11rem">
            <StatCard label={t("impact.denied")} value={found.newlyDenied} unit={percent(found.newlyDenied / found.examined, 1)} period={period} tone={found.newlyDenied > 0 ? "critical" : "quiet"} />
            <StatCard label={t("impact.allowed")} value={found.newlyAllowed} unit={percent(found.newlyAllowed / found.examined, 1)} period={period} tone={found.newlyAllowed > 0 ? "medium" : "quiet"} />
            <StatCard label={t("impact.unchanged")} value={found.unchanged} period={period} />
            <StatCard label={t("impact.examined")} value={found.examined} unit={t("impact.decisions")} period={period} />
          </Grid>
          {found.truncated ? <Text fontSize="sm" color="fg.muted">{t("impact.truncated")}</Text> : null}
          {found.failed > 0 ? <Text fontSize="sm" color="high.fg">{t("impact.failed")}: {found.failed}</Text> : null}
          {found.newlyDenied + found.newlyAllowed === 0 ? <Text fontSize="sm">{t("impact.none")}</Text> : null}
          {found.byAgent.length > 0 ? (
            <Box overflowX="auto" tabIndex={0}>
              <Table.Root size="sm">
                <Table.Caption captionSide="top" textAlign="start" fontWeight="semibold" px="0">{t("impact.byAgent")}</Table.Caption>
                <Table.Header><Table.Row><Table.ColumnHeader>{t("impact.agent")}</Table.ColumnHeader><Table.ColumnHeader textAlign="end">{t("impact.denied")}</Table.ColumnHeader><Table.ColumnHeader textAlign="end">{t("impact.allowed")}</Table.ColumnHeader></Table.Row></Table.Header>
                <Table.Body>{found.byAgent.map((one) => <Table.Row key={one.agentId}><Table.Cell>{one.agentId}</Table.Cell><Table.Cell textAlign="end">{one.newlyDenied}</Table.Cell><Table.Cell textAlign="end">{one.newlyAllowed}</Table.Cell></Table.Row>)}</Table.Body>
              </Table.Root>
            </Box>
          ) : null}
          {found.samples.length > 0 ? (
            <Box overflowX="auto" tabIndex={0}>
              <Table.Root size="sm">
                <Table.Caption captionSide="top" textAlign="start" fontWeight="semibold" px="0">{t("impact.samples")}</Table.Caption>
                <Table.Header><Table.Row>{[t("impact.when"), t("impact.agent"), t("impact.action"), t("impact.now"), t("impact.then"), t("impact.why")].map((one) => <Table.ColumnHeader key={one}>{one}</Table.ColumnHeader>)}</Table.Row></Table.Header>
                <Table.Body>
                  {found.samples.map((one) => (
                    <Table.Row key={one.decisionId}>
                      <Table.Cell><GoTo href={`/monitoring/decision/?id=${one.decisionId}`}><RelativeTime at={one.decidedAt} /></GoTo></Table.Cell>
                      <Table.Cell>{one.agentId}</Table.Cell>
                      <Table.Cell>{word(one.action)}</Table.Cell>
                      <Table.Cell><StatusBadge value={one.before} /></Table.Cell>
                      <Table.Cell><StatusBadge value={one.after} /></Table.Cell>
                      <Table.Cell>{one.reason}</Table.Cell>
                    </Table.Row>
                  ))}
                </Table.Body>
              </Table.Root>
            </Box>
          ) : null}
        </Stack>
      )}
    </Card>
  );
}
