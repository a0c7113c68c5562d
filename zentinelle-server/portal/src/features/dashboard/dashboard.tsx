"use client";
import { useQuery } from "@apollo/client/react";
import { Box, chakra, Flex, HStack, NativeSelect, Progress, Stack, Text } from "@chakra-ui/react";
import { Check, Circle, Link2, Link2Off } from "lucide-react";
import { compact, number, percent, usd } from "@/lib/format";
import { useUrlState } from "@/lib/url";
import { en, type MessageKey, t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { ChartCard, Sparkline } from "@/ui/chart";
import { Card, Grid, Loaded, Page } from "@/ui/page";
import { Countdown, GoTo, RelativeTime } from "@/ui/small";
import { StatCard } from "@/ui/stat";
import { calledOf } from "../approvals/called";
import type { OverviewQuery } from "./gql/graphql";
import { Overview, WaitingNow } from "./queries";

type Facts = OverviewQuery["overview"];
type Counts = Facts["openAlerts"];
const SPANS = [1, 7, 30, 90];
const TONES: Record<string, string> = { healthy: "good.solid", enforce: "good.solid", degraded: "medium.solid", unhealthy: "critical.solid", audit: "low.solid" };

export function Dashboard() {
  const url = useUrlState();
  const asked = Number(url.get("days"));
  const days = SPANS.includes(asked) ? asked : 7;
  const result = useQuery(Overview, { variables: { days }, pollInterval: 60_000, fetchPolicy: "cache-and-network" });
  return (
    <Page title={t("nav.dashboard")} lead={t("dashboard.lead")} permission="usage:read"
      actions={
        <NativeSelect.Root size="sm" w="8rem">
          <NativeSelect.Field aria-label={t("dashboard.period")} value={String(days)} onChange={({ target }) => url.set({ days: target.value === "7" ? null : target.value })}>
            {SPANS.map((one) => <option key={one} value={one}>{t("common.days", { count: one })}</option>)}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
      }>
      <Loaded result={result}>{({ overview }) => <Shown facts={overview} />}</Loaded>
    </Page>
  );
}

function Shown({ facts }: { facts: Facts }) {
  const period = t("common.days", { count: facts.days });
  const { decisions, denied, tokens, costUsd } = facts;
  const before = new Map(denied.points.map((one) => [one.at, one.value]));
  const since = `${facts.days === 1 ? "24h" : `${facts.days}d`}`;
  return (
    <>
      {facts.firstSteps.some((one) => !one.done) ? <FirstSteps steps={facts.firstSteps} /> : null}
      <Grid min="14rem">
        <StatCard label={t("dashboard.decisions")} value={number(decisions.total)} period={period} href={`/monitoring/?tab=decisions&since=${since}`} trend={{ now: decisions.total, before: decisions.previous }}><Sparkline points={decisions.points} /></StatCard>
        <StatCard label={t("dashboard.denied")} value={number(denied.total)} unit={decisions.total > 0 ? t("dashboard.ofAll", { share: percent(denied.total / decisions.total, 1) }) : undefined} period={period} href={`/monitoring/?tab=decisions&allowed=no&since=${since}`} trend={{ now: denied.total, before: denied.previous, good: "down" }}><Sparkline points={denied.points} color="critical.solid" /></StatCard>
        <StatCard label={t("dashboard.tokens")} value={compact(tokens.total)} period={period} trend={{ now: tokens.total, before: tokens.previous }}><Sparkline points={tokens.points} /></StatCard>
        <StatCard label={t("dashboard.cost")} value={usd(costUsd.total)} period={period} trend={{ now: costUsd.total, before: costUsd.previous, good: "down" }}><Sparkline points={costUsd.points} /></StatCard>
      </Grid>
      <Box display="grid" gap="4" gridTemplateColumns={{ base: "minmax(0,1fr)", xl: "minmax(0,2fr) minmax(0,1fr)" }}>
        <ChartCard title={t("dashboard.series")} unit={t("dashboard.decisions").toLowerCase()} kind="stacked" bucket={facts.days === 1 ? "hour" : "day"} height="17rem"
          lines={[
            { key: "allowed", label: t("dashboard.allowed"), color: "chart.1", points: decisions.points.map((one) => ({ at: one.at, value: Math.max(0, one.value - (before.get(one.at) ?? 0)) })) },
            { key: "denied", label: t("dashboard.denied"), color: "chart.2", points: denied.points },
          ]} />
        <Waiting count={facts.pendingApprovals} />
      </Box>
      <Grid min="17rem">
        <Card title={t("dashboard.alerts")}><CountList counts={facts.openAlerts} none={t("dashboard.alerts.none")} href={(key) => `/monitoring/?tab=alerts&status=open&severity=${key}`} /></Card>
        <Card title={t("dashboard.incidents")} actions={facts.breachedSla > 0 ? <StatusBadge value="breached" label={t("dashboard.breached", { count: facts.breachedSla })} /> : undefined}><CountList counts={facts.openIncidents} none={t("dashboard.incidents.none")} href={(key) => `/risk/?tab=incidents&severity=${key}`} /></Card>
        <Card title={t("dashboard.agents")}><Shares counts={facts.agentsByHealth} href={(key) => `/agents/?health=${key}`} /></Card>
        <Card title={t("dashboard.policies")}><Shares counts={facts.policiesByEnforcement} href={(key) => `/policies/?enforcement=${key}`} /></Card>
      </Grid>
      <Box display="grid" gap="4" gridTemplateColumns={{ base: "minmax(0,1fr)", lg: "minmax(0,1fr) minmax(0,1fr)" }}>
        <ChartCard title={t("dashboard.topDenials")} unit={t("dashboard.denied").toLowerCase()} kind="bar" bars={facts.topDenials.slice(0, 8).map((one) => ({ key: one.key, label: word(one.key), value: one.count, color: "chart.2" }))} />
        <ChartCard title={t("dashboard.topAgents")} unit="usd" kind="bar" bars={facts.topAgentsByCost.slice(0, 8).map((one) => ({ key: one.key, label: one.label, value: one.costUsd }))} />
      </Box>
      <Box display="grid" gap="4" gridTemplateColumns={{ base: "minmax(0,1fr)", lg: "minmax(0,2fr) minmax(0,1fr)" }} alignItems="start">
        <Budgets budgets={facts.budgets} />
        <Chain chain={facts.chain} />
      </Box>
    </>
  );
}

function CountList({ counts, none, href }: { counts: Counts; none: string; href: (key: string) => string }) {
  const some = counts.filter((one) => one.count > 0);
  if (some.length === 0) return <HStack fontSize="sm" color="good.fg"><Check size={15} aria-hidden /><Text>{none}</Text></HStack>;
  return (
    <Stack gap="2">
      {some.map((one) => <Flex key={one.key} justify="space-between" align="center"><StatusBadge value={one.key} /><GoTo href={href(one.key)} fontVariantNumeric="tabular-nums" aria-label={`${word(one.key)}: ${number(one.count)}`}>{number(one.count)}</GoTo></Flex>)}
    </Stack>
  );
}

/** Parts of a whole as one bar, each part named below it. */
function Shares({ counts, href }: { counts: Counts; href: (key: string) => string }) {
  const all = counts.reduce((sum, one) => sum + one.count, 0);
  return (
    <Stack gap="3">
      <Flex h="2" rounded="full" overflow="hidden" bg="bg.muted" gap="2px" aria-hidden>{counts.filter((one) => one.count > 0).map((one) => <Box key={one.key} bg={TONES[one.key] ?? "quiet.solid"} flexGrow={one.count} />)}</Flex>
      <Stack gap="1.5">
        {counts.map((one) => (
          <Flex key={one.key} justify="space-between" align="center" fontSize="sm">
            <StatusBadge value={one.key} />
            <HStack gap="2"><Text color="fg.muted" fontSize="xs">{all > 0 ? percent(one.count / all) : "–"}</Text><GoTo href={href(one.key)} aria-label={`${word(one.key)}: ${number(one.count)}`}>{number(one.count)}</GoTo></HStack>
          </Flex>
        ))}
      </Stack>
    </Stack>
  );
}

function Waiting({ count }: { count: number }) {
  const result = useQuery(WaitingNow, { pollInterval: 15_000 });
  return (
    <Card title={`${t("dashboard.waiting")} (${number(count)})`} actions={<GoTo href="/approvals/" fontSize="sm">{t("dashboard.waiting.all")}</GoTo>}>
      <Loaded result={result} permission="approvals:read">
        {({ approvalsPage }) => approvalsPage.nodes.length === 0 ? <HStack fontSize="sm" color="good.fg"><Check size={15} aria-hidden /><Text>{t("dashboard.waiting.none")}</Text></HStack> : (
          <Stack gap="3">
            {approvalsPage.nodes.map((one) => (
              <Flex key={one.id} justify="space-between" gap="3" fontSize="sm" align="center">
                <Box minW="0"><GoTo href={`/approvals/?open=${one.id}`}>{calledOf(one)}</GoTo><Text fontSize="xs" color="fg.muted" truncate>{one.endpoint?.name ?? one.agentId}</Text></Box>
                <HStack><StatusBadge value={one.risk} /><Countdown until={one.expiresAt} over="0:00" /></HStack>
              </Flex>
            ))}
          </Stack>
        )}
      </Loaded>
    </Card>
  );
}

function Budgets({ budgets }: { budgets: Facts["budgets"] }) {
  return (
    <Card title={t("dashboard.budgets")}>
      {budgets.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("dashboard.budgets.none")}</Text> : (
        <Stack gap="3.5">
          {budgets.map((one) => {
            const share = one.limitUsd > 0 ? one.spentUsd / one.limitUsd : 0;
            const tone = share >= 1 ? "critical.solid" : share >= 0.8 ? "medium.solid" : "accent.solid";
            return (
              <Box key={`${one.policyId}${one.scope}`}>
                <Flex justify="space-between" gap="3" fontSize="sm" mb="1" wrap="wrap"><HStack gap="2"><GoTo href={`/policies/detail/?id=${one.policyId}`}>{one.policyName}</GoTo><Text color="fg.muted" fontSize="xs">{word(one.scope)}</Text></HStack><Text fontVariantNumeric="tabular-nums">{t("dashboard.budget.of", { spent: usd(one.spentUsd), limit: usd(one.limitUsd) })} · {percent(share)}</Text></Flex>
                <Progress.Root size="xs" value={Math.min(100, share * 100)} aria-label={one.policyName}><Progress.Track rounded="full"><Progress.Range bg={tone} /></Progress.Track></Progress.Root>
              </Box>
            );
          })}
        </Stack>
      )}
    </Card>
  );
}

function Chain({ chain }: { chain: Facts["chain"] }) {
  const Icon = chain.valid === false ? Link2Off : Link2;
  return (
    <Card title={t("dashboard.chain")} actions={<GoTo href="/audit-logs/" fontSize="sm">{t("dashboard.chain.open")}</GoTo>}>
      <Stack gap="2" fontSize="sm">
        <HStack gap="3"><Icon size={18} aria-hidden /><StatusBadge value={chain.valid === null ? "unknown" : chain.valid ? "met" : "failed"} label={chain.valid === null ? t("dashboard.chain.unchecked") : chain.valid ? t("dashboard.chain.ok") : t("dashboard.chain.broken")} /></HStack>
        <Text color="fg.muted">{t("dashboard.chain.entries", { count: chain.entries })}{chain.checkedAt ? <> · <RelativeTime at={chain.checkedAt} /></> : null}</Text>
        {chain.valid === false ? <Text color="critical.fg">{chain.message}</Text> : null}
      </Stack>
    </Card>
  );
}

const STEP_PAGES: Record<string, string> = { agent: "/agents/?new=1", policy: "/policies/edit/", decision: "/monitoring/", people: "/settings/people/", approval: "/approvals/" };

function FirstSteps({ steps }: { steps: Facts["firstSteps"] }) {
  const done = steps.filter((one) => one.done).length;
  return (
    <Card title={t("dashboard.steps")} actions={<Text fontSize="sm" color="fg.muted">{t("dashboard.steps.done", { done, count: steps.length })}</Text>}>
      <HStack as="ol" gap="6" wrap="wrap" listStyleType="none">
        {steps.map((one) => {
          const name = `step.${one.key}` in en ? t(`step.${one.key}` as MessageKey) : word(one.key);
          return (
            <chakra.li key={one.key} display="flex" alignItems="center" gap="2" fontSize="sm">
              {one.done ? <Box color="good.fg"><Check size={16} aria-label={t("common.yes")} /></Box> : <Box color="fg.muted"><Circle size={16} aria-hidden /></Box>}
              {one.done ? <Text color="fg.muted" textDecoration="line-through">{name}</Text> : <GoTo href={STEP_PAGES[one.key] ?? "/"}>{name}</GoTo>}
            </chakra.li>
          );
        })}
      </HStack>
    </Card>
  );
}
