// The content scanner: what was scanned, what was found, and by which rules.
"use client";
import { Box, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { useState } from "react";
import { number, percent } from "@/lib/format";
import { once } from "@/lib/once";
import { hrefFor } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ChartCard } from "@/ui/chart";
import { SidePanel } from "@/ui/dialogs";
import { Grid, Loaded } from "@/ui/page";
import { Facts, FoundText, GoTo, Identifier, JsonText, RelativeTime } from "@/ui/small";
import { StatCard } from "@/ui/stat";
import { type Column, DataTable, type Filter } from "@/ui/table";
import { UrlTabs } from "@/ui/tabs";
import type { ScansQuery, ViolationsQuery } from "./gql/graphql";
import { SpanOfPage } from "./charts";
import { ContentSummary, Scans, Violations } from "./queries";
import { Outcome } from "./outcome-badge";
import { RULE_TYPES } from "./rule-words";
import { Rules } from "./rules";
import { useSince } from "./use-since";

type Violation = ViolationsQuery["contentViolationsPage"]["nodes"][number];
type Scan = ScansQuery["contentScansPage"]["nodes"][number];
const COLORS: Record<string, string> = { critical: "critical.solid", high: "high.solid", medium: "medium.solid", low: "low.solid", info: "quiet.solid" };
const NEWEST = { field: "createdAt", direction: "DESC" } as const;
const SEVERITIES = ["critical", "high", "medium", "low", "info"];

export function Scanner() {
  return <UrlTabs param="part" keep={["tab"]} label={t("scanner.title")} tabs={[
    { key: "findings", label: t("scanner.findings"), content: <Findings />, permission: "violations:read" },
    { key: "scans", label: t("scanner.scans"), content: <ScanTable />, permission: "violations:read" },
    { key: "rules", label: t("rules.title"), content: <Rules />, permission: "content_rules:read" },
  ]} />;
}

function Findings() {
  const { since } = useSince();
  const result = useQuery(ContentSummary, { variables: { since }, pollInterval: 60_000 });
  const [opened, open] = useState<Violation>();
  return (
    <Stack gap="4">
      <HStack justify="flex-end"><SpanOfPage /></HStack>
      <Loaded result={result} permission="violations:read">
        {({ contentSummary: sum }) => (
          <Stack gap="4">
            <Grid min="12rem">
              <StatCard label={t("scanner.scans")} value={number(sum.scans)} />
              <StatCard label={t("scanner.withFindings")} value={number(sum.withViolations)} unit={sum.scans > 0 ? percent(sum.withViolations / sum.scans, 1) : undefined} tone={sum.withViolations > 0 ? "medium" : undefined} />
              <StatCard label={t("scanner.blocked")} value={number(sum.blocked)} tone={sum.blocked > 0 ? "critical" : undefined} />
              <StatCard label={t("scanner.redacted")} value={number(sum.redacted)} />
            </Grid>
            <Grid min="22rem">
              <ChartCard kind="line" title={t("scanner.series")} unit={t("scanner.unit")} lines={sum.series.map((line) => ({ ...line, label: word(line.label), color: COLORS[line.key] }))} />
              <ChartCard kind="bar" title={t("scanner.byType")} unit={t("scanner.unit")} bars={sum.byRuleType.map((one) => ({ key: one.key, label: word(one.key), value: one.count }))} />
              <ChartCard kind="bar" title={t("scanner.bySeverity")} unit={t("scanner.unit")} bars={sum.bySeverity.map((one) => ({ key: one.key, label: word(one.key), value: one.count, color: COLORS[one.key] }))} />
            </Grid>
          </Stack>
        )}
      </Loaded>
      <DataTable name="violations" label={t("scanner.findings")} document={Violations} select={(data) => data.contentViolationsPage} rowId={(row) => row.id} rowName={(row) => row.ruleName ?? row.ruleType} onOpen={open} search={false}
        columns={violationColumns()} filters={violationFilters()} fixed={{ since }} sort={NEWEST} permission="violations:read" empty={{ title: t("scanner.clean"), text: t("scanner.clean.text"), action: <GoTo href="/monitoring/?part=rules&tab=scanner">{t("rules.title")}</GoTo> }} />
      <ViolationPanel violation={opened} close={() => open(undefined)} />
    </Stack>
  );
}

const violationFilters = once((): readonly Filter[] => [
  { key: "severity", label: t("risk.severity"), kind: "many", choices: SEVERITIES.map((value) => ({ value })) },
  { key: "ruleType", label: t("rules.type"), kind: "many", choices: RULE_TYPES.map((value) => ({ value })) },
]);
const violationColumns = once((): readonly Column<Violation>[] => [
  { key: "ruleName", label: t("scanner.rule"), cell: (row) => row.ruleName || word(row.ruleType), width: "22%" },
  { key: "severity", label: t("risk.severity"), cell: (row) => <StatusBadge value={row.severity} />, sort: "severity" },
  { key: "ruleType", label: t("rules.type"), cell: (row) => <Tag>{word(row.ruleType)}</Tag>, sort: "ruleType" },
  { key: "matchedText", label: t("scanner.matched"), cell: (row) => <FoundText text={row.matchedText} />, value: (row) => row.matchedText },
  { key: "outcome", label: t("scanner.done"), cell: (row) => <Outcome row={row} />, value: (row) => (row.wasBlocked ? "blocked" : row.wasRedacted ? "redacted" : row.enforcement) },
  { key: "createdAt", label: t("live.at"), cell: (row) => <RelativeTime at={row.createdAt} />, sort: "createdAt" },
]);

function ViolationPanel({ violation, close }: { violation: Violation | undefined; close: () => void }) {
  return (
    <SidePanel open={!!violation} close={close} title={violation?.ruleName || word(violation?.ruleType)}>
      {violation ? (
        <Stack gap="4">
          <HStack gap="2"><StatusBadge value={violation.severity} /><Outcome row={violation} /></HStack>
          <Box as="pre" fontFamily="mono" fontSize="sm" bg="bg.subtle" borderWidth="1px" borderColor="border" rounded="l2" p="3" whiteSpace="pre-wrap" wordBreak="break-word">{violation.matchedText || "–"}</Box>
          <Facts items={[
            [t("rules.type"), word(violation.ruleType)], [t("scanner.pattern"), violation.matchedPattern || "–"], [t("scanner.category"), word(violation.category)],
            [t("scanner.place"), violation.matchStart === null ? "–" : `${violation.matchStart}–${violation.matchEnd}`], [t("scanner.confidence"), violation.confidence === null ? "–" : percent(violation.confidence > 1 ? violation.confidence / 100 : violation.confidence)],
            [t("scanner.told"), [violation.userNotified ? t("scanner.toldUser") : "", violation.adminNotified ? t("scanner.toldAdmins") : ""].filter(Boolean).join(", ") || t("common.none")],
            [t("live.at"), <RelativeTime key="at" at={violation.createdAt} />], [t("common.id"), <Identifier key="id" value={violation.id} short />],
          ]} />
          <JsonText value={violation.metadata} />
        </Stack>
      ) : null}
    </SidePanel>
  );
}

const scanFilters = once((): readonly Filter[] => [
  { key: "hasViolations", label: t("call.hasViolations"), kind: "yesno" },
  { key: "wasBlocked", label: t("scanner.blocked"), kind: "yesno" },
  { key: "contentType", label: t("common.type"), kind: "many", choices: ["user_input", "ai_output", "context", "file_upload", "tool_call"].map((value) => ({ value })) },
  { key: "userIdentifier", label: t("decision.user"), kind: "text" },
  { key: "since", label: t("table.within"), kind: "since" },
]);
const scanColumns = once((): readonly Column<Scan>[] => [
  { key: "contentType", label: t("common.type"), cell: (row) => word(row.contentType), width: "14%" },
  { key: "preview", label: t("scanner.preview"), cell: (row) => <Text lineClamp={1} maxW="22rem" fontSize="sm">{row.contentPreview || t("call.notKept")}</Text>, value: (row) => row.contentPreview },
  { key: "found", label: t("scanner.found"), cell: (row) => (row.maxSeverity && row.hasViolations ? <HStack><StatusBadge value={row.maxSeverity} /><Text>{row.violationCount}</Text></HStack> : "–"), value: (row) => row.violationCount, sort: "violationCount" },
  { key: "done", label: t("scanner.done"), cell: (row) => (row.hasViolations ? <Outcome row={row} /> : <StatusBadge value="passed" label={t("scanner.passed")} />), value: (row) => row.actionTaken },
  { key: "endpointName", label: t("decision.agent"), cell: (row) => row.endpointName || "–" },
  { key: "userIdentifier", label: t("decision.user"), cell: (row) => row.userIdentifier || "–" },
  { key: "scanDurationMs", label: t("decision.took"), cell: (row) => (row.scanDurationMs === null ? "–" : `${row.scanDurationMs} ms`), value: (row) => row.scanDurationMs, numeric: true },
  { key: "createdAt", label: t("live.at"), cell: (row) => <RelativeTime at={row.createdAt} />, sort: "createdAt" },
]);

function ScanTable() {
  const [scan, open] = useState<Scan>();
  return (
    <>
      <DataTable name="scans" label={t("scanner.scans")} document={Scans} select={(data) => data.contentScansPage} rowId={(row) => row.id} rowName={(row) => word(row.contentType)} onOpen={open} search={false}
        columns={scanColumns()} filters={scanFilters()} sort={NEWEST} permission="violations:read" empty={{ title: t("scanner.none"), text: t("scanner.none.text") }} />
      <SidePanel open={!!scan} close={() => open(undefined)} title={t("scanner.scan")}>
        {scan ? (
          <Stack gap="4">
            <JsonText value={scan.contentPreview || t("call.notKept")} whiteSpace="pre-wrap" />
            <Facts items={[
              [t("common.type"), word(scan.contentType)], [t("scanner.length"), number(scan.contentLength)], [t("scanner.mode"), word(scan.scanMode)], [t("decision.user"), scan.userIdentifier || "–"],
              [t("decision.session"), scan.sessionId ? <GoTo key="s" href={hrefFor("session", scan.sessionId)}>{scan.sessionId}</GoTo> : "–"], [t("common.id"), <Identifier key="id" value={scan.id} short />],
            ]} />
            {(scan.violations ?? []).map((one) => <HStack key={one.id} justify="space-between" fontSize="sm"><Text>{one.ruleName || word(one.ruleType)}</Text><FoundText text={one.matchedText} /><StatusBadge value={one.severity} /></HStack>)}
          </Stack>
        ) : null}
      </SidePanel>
    </>
  );
}
