// Decisions, calls and events as lists.
"use client";
import { Text } from "@chakra-ui/react";
import { useState } from "react";
import { duration, number, usd } from "@/lib/format";
import { subjectOf } from "@/lib/json";
import { once } from "@/lib/once";
import { hrefFor, useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { SidePanel } from "@/ui/dialogs";
import { Facts, GoTo, Identifier, JsonText, RelativeTime, Told } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { DecisionsQuery, EventsQuery, InteractionsQuery } from "./gql/graphql";
import { CallPanel } from "./call-panel";
import { Decisions as DecisionList, Events as EventList, Interactions } from "./queries";
import { Verdict } from "./verdict";

type DecisionRow = DecisionsQuery["decisionsPage"]["nodes"][number];
type CallRow = InteractionsQuery["interactionsPage"]["nodes"][number];
type EventRow = EventsQuery["eventsPage"]["nodes"][number];

export const POLICY_TYPES = ["tool_permission", "rate_limit", "budget_limit", "model_restriction", "human_oversight", "prompt_injection", "data_access", "output_filter", "network_policy"];
const since = (): Filter => ({ key: "since", label: t("table.within"), kind: "since" });
const NEWEST_DECISION = { field: "decidedAt", direction: "DESC" } as const;
const NEWEST = { field: "occurredAt", direction: "DESC" } as const;

/** What was attempted, and with what: "Tool call", and the tool below it. */
function ActionWords({ action, context }: { action: string; context: unknown }) {
  const what = subjectOf(context);
  return <><Text as="span" whiteSpace="nowrap">{word(action)}</Text>{what ? <Text as="span" display="block" fontSize="xs" fontFamily="mono" fontWeight="normal" color="fg.muted" truncate maxW="14rem">{what}</Text> : null}</>;
}

const decisionColumns = once((): readonly Column<DecisionRow>[] => [
  { key: "action", label: t("decision.action"), cell: (row) => <ActionWords action={row.action} context={row.context} />, value: (row) => row.action, sort: "action", width: "18%" },
  { key: "allowed", label: t("decision.outcome"), cell: (row) => <Verdict allowed={row.allowed} dryRun={row.dryRun} />, value: (row) => (row.allowed ? "allowed" : "denied") },
  { key: "reason", label: t("decision.reason"), cell: (row) => <Text lineClamp={2} maxW="26rem" title={row.reason ?? ""}><Told text={row.reason} /></Text>, value: (row) => row.reason },
  { key: "agentId", label: t("decision.agent"), cell: (row) => (row.endpoint ? <GoTo href={hrefFor("agent", row.endpoint.id)} fontWeight="normal">{row.endpoint.name}</GoTo> : row.agentId), value: (row) => row.agentId, sort: "agentId" },
  { key: "userIdentifier", label: t("decision.user"), cell: (row) => row.userIdentifier || "–" },
  { key: "riskScore", label: t("decision.risk"), cell: (row) => number(row.riskScore), numeric: true, sort: "riskScore" },
  { key: "durationUs", label: t("decision.took"), cell: (row) => <Text as="span" whiteSpace="nowrap">{duration(row.durationUs)}</Text>, value: (row) => row.durationUs, numeric: true, sort: "durationUs" },
  { key: "decidedAt", label: t("decision.at"), cell: (row) => <RelativeTime at={row.decidedAt} />, sort: "decidedAt" },
  { key: "code", label: t("decision.code"), cell: (row) => row.code || "–", hidden: true },
  { key: "source", label: t("decision.source"), cell: (row) => word(row.source), hidden: true },
  { key: "sessionId", label: t("decision.session"), cell: (row) => (row.sessionId ? <GoTo href={hrefFor("session", row.sessionId)}>{row.sessionId}</GoTo> : "–"), hidden: true },
  { key: "id", label: t("common.id"), cell: (row) => <Identifier value={row.id} short />, hidden: true },
]);
const decisionFilters = once((): readonly Filter[] => [
  { key: "allowed", label: t("decision.allowed"), kind: "yesno" },
  { key: "policyType", label: t("decision.policyType"), kind: "many", choices: POLICY_TYPES.map((value) => ({ value })) },
  { key: "source", label: t("decision.source"), kind: "many", choices: ["api", "proxy", "sdk", "event"].map((value) => ({ value })) },
  { key: "userIdentifier", label: t("decision.user"), kind: "text" },
  { key: "sessionId", label: t("decision.session"), kind: "text" },
  since(),
]);

export function DecisionTable() {
  return <DataTable log name="decisions" label={t("monitoring.decisions")} document={DecisionList} select={(data) => data.decisionsPage} rowId={(row) => row.id} rowName={(row) => `${word(row.action)} ${subjectOf(row.context)}`.trim()} rowHref={(row) => hrefFor("decision", row.id)}
    columns={decisionColumns()} filters={decisionFilters()} sort={NEWEST_DECISION} permission="evaluations:read" empty={{ title: t("decision.none"), text: t("decision.none.text") }} />;
}

const callColumns = once((): readonly Column<CallRow>[] => [
  { key: "aiModel", label: t("call.model"), cell: (row) => row.aiModel || word(row.interactionType), width: "18%" },
  { key: "aiProvider", label: t("call.provider"), cell: (row) => word(row.aiProvider) },
  { key: "interactionType", label: t("common.type"), cell: (row) => <Tag>{word(row.interactionType)}</Tag> },
  { key: "endpointName", label: t("decision.agent"), cell: (row) => row.endpointName || "–" },
  { key: "userIdentifier", label: t("decision.user"), cell: (row) => row.userIdentifier || "–" },
  { key: "totalTokens", label: t("call.tokens"), cell: (row) => number(row.totalTokens), numeric: true },
  { key: "latencyMs", label: t("call.latency"), cell: (row) => (row.latencyMs === null ? "–" : `${number(row.latencyMs)} ms`), value: (row) => row.latencyMs, numeric: true, sort: "latencyMs" },
  { key: "estimatedCostUsd", label: t("call.cost"), cell: (row) => usd(row.estimatedCostUsd), value: (row) => row.estimatedCostUsd, numeric: true, sort: "estimatedCostUsd" },
  { key: "found", label: t("call.found"), cell: (row) => (row.wasBlocked ? <StatusBadge value="blocked" /> : row.hasViolations ? <StatusBadge value="warning" label={t("call.violations", { count: row.violationCount ?? 1 })} /> : "–"), value: (row) => row.violationCount },
  { key: "occurredAt", label: t("live.at"), cell: (row) => <RelativeTime at={row.occurredAt} />, sort: "occurredAt" },
  { key: "sessionId", label: t("decision.session"), cell: (row) => (row.sessionId ? <GoTo href={hrefFor("session", row.sessionId)}>{row.sessionId}</GoTo> : "–"), hidden: true },
]);
const callFilters = once((): readonly Filter[] => [
  { key: "interactionType", label: t("common.type"), kind: "many", choices: ["chat", "completion", "embedding", "function_call", "image_gen", "code_gen"].map((value) => ({ value })) },
  { key: "hasViolations", label: t("call.hasViolations"), kind: "yesno" },
  { key: "userIdentifier", label: t("decision.user"), kind: "text" },
  { key: "sessionId", label: t("decision.session"), kind: "text" },
  since(),
]);

export function CallTable() {
  const url = useUrlState();
  return (
    <>
      <DataTable log name="calls" label={t("monitoring.calls")} document={Interactions} select={(data) => data.interactionsPage} rowId={(row) => row.id} rowName={(row) => row.aiModel} onOpen={(row) => url.set({ call: row.id })}
        columns={callColumns()} filters={callFilters()} sort={NEWEST} permission="interactions:read" empty={{ title: t("call.none"), text: t("call.none.text") }} />
      <CallPanel id={url.get("call")} close={() => url.set({ call: null })} />
    </>
  );
}

const eventColumns = once((): readonly Column<EventRow>[] => [
  { key: "eventType", label: t("common.type"), cell: (row) => word(row.eventType), sort: "eventType", width: "22%" },
  { key: "eventCategory", label: t("event.category"), cell: (row) => <Tag>{word(row.eventCategory)}</Tag> },
  { key: "status", label: t("common.status"), cell: (row) => <StatusBadge value={row.status} /> },
  { key: "endpointName", label: t("decision.agent"), cell: (row) => row.endpointName || "–" },
  { key: "userIdentifier", label: t("decision.user"), cell: (row) => row.userIdentifier || "–" },
  { key: "correlationId", label: t("event.correlation"), cell: (row) => (row.correlationId ? <GoTo href={`/monitoring/session/?correlation=${encodeURIComponent(row.correlationId)}`} fontWeight="normal">{row.correlationId.slice(0, 13)}</GoTo> : "–") },
  { key: "occurredAt", label: t("live.at"), cell: (row) => <RelativeTime at={row.occurredAt} />, sort: "occurredAt" },
]);
const eventFilters = once((): readonly Filter[] => [
  { key: "category", label: t("event.category"), kind: "many", choices: ["telemetry", "audit", "alert", "compliance"].map((value) => ({ value })) },
  { key: "status", label: t("common.status"), kind: "many", choices: ["pending", "processed", "failed"].map((value) => ({ value })) },
  { key: "userIdentifier", label: t("decision.user"), kind: "text" },
  { key: "correlationId", label: t("event.correlation"), kind: "text" },
  since(),
]);

export function EventTable() {
  const [event, open] = useState<EventRow>();
  return (
    <>
      <DataTable log name="events" label={t("monitoring.events")} document={EventList} select={(data) => data.eventsPage} rowId={(row) => row.id} rowName={(row) => row.eventType} onOpen={open}
        columns={eventColumns()} filters={eventFilters()} sort={NEWEST} permission="events:read" empty={{ title: t("event.none"), text: t("event.none.text") }} />
      <SidePanel open={!!event} close={() => open(undefined)} title={word(event?.eventType)}>
        {event ? (
          <>
            <Facts items={[[t("event.category"), word(event.eventCategory)], [t("common.status"), <StatusBadge key="status" value={event.status} />], [t("live.at"), <RelativeTime key="at" at={event.occurredAt} />], [t("common.id"), <Identifier key="id" value={event.id} />], [t("event.correlation"), event.correlationId ? <Identifier key="c" value={event.correlationId} /> : "–"]]} />
            <JsonText mt="4" value={event.payload} />
          </>
        ) : null}
      </SidePanel>
    </>
  );
}
