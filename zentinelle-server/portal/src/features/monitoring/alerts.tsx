// Alerts and the rules that raise them.
"use client";
import { Stack, Text } from "@chakra-ui/react";
import { useApolloClient, useSubscription } from "@apollo/client/react";
import { once } from "@/lib/once";
import { hrefFor } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Identifier, RelativeTime } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import { UrlTabs } from "@/ui/tabs";
import { AlertRuleList } from "./alert-rules";
import type { AlertsQuery } from "./gql/graphql";
import { AlertChanged, Alerts as List, SetAlerts } from "./queries";

type Row = AlertsQuery["alertsPage"]["nodes"][number];
const NEWEST = { field: "createdAt", direction: "DESC" } as const;
export const ALERT_STATUSES = ["open", "acknowledged", "investigating", "resolved", "false_positive"];

export function Alerts() {
  return <UrlTabs param="part" keep={["tab"]} label={t("alert.title")} tabs={[
    { key: "list", label: t("alert.title"), content: <AlertTable /> },
    { key: "rules", label: t("alert.rules"), content: <AlertRuleList /> },
  ]} />;
}

const filters = once((): readonly Filter[] => [
  { key: "status", label: t("common.status"), kind: "many", choices: ALERT_STATUSES.map((value) => ({ value })) },
  { key: "severity", label: t("risk.severity"), kind: "many", choices: ["critical", "high", "medium", "low", "info"].map((value) => ({ value })) },
  { key: "alertType", label: t("common.type"), kind: "many", choices: ["single_violation", "repeated_violations", "threshold", "audit_chain_broken", "budget_exceeded"].map((value) => ({ value })) },
  { key: "since", label: t("table.within"), kind: "since" },
]);
const columns = once((): readonly Column<Row>[] => [
  { key: "title", label: t("incident.title"), cell: (row) => row.title, sort: "title", width: "28%" },
  { key: "severity", label: t("risk.severity"), cell: (row) => <StatusBadge value={row.severity} />, sort: "severity" },
  { key: "status", label: t("common.status"), cell: (row) => <StatusBadge value={row.status} />, sort: "status" },
  { key: "alertType", label: t("common.type"), cell: (row) => <Tag>{word(row.alertType)}</Tag> },
  { key: "violationCount", label: t("scanner.findings"), cell: (row) => row.violationCount, numeric: true, sort: "violationCount" },
  { key: "endpointName", label: t("decision.agent"), cell: (row) => row.endpointName || "–" },
  { key: "userIdentifier", label: t("decision.user"), cell: (row) => row.userIdentifier || "–", hidden: true },
  { key: "handled", label: t("alert.handled"), cell: (row) => row.resolvedByUsername || row.acknowledgedByUsername || <Text as="span" color="fg.muted">{t("incident.unassigned")}</Text>, value: (row) => row.resolvedByUsername ?? row.acknowledgedByUsername },
  { key: "createdAt", label: t("common.created"), cell: (row) => <RelativeTime at={row.createdAt} />, sort: "createdAt" },
  { key: "id", label: t("common.id"), cell: (row) => <Identifier value={row.id} short />, hidden: true },
]);

function AlertTable() {
  const client = useApolloClient();
  const set = (status: string) => async (ids: string[]) => {
    const { data } = await client.mutate({ mutation: SetAlerts, variables: { ids, status } });
    return data?.setAlerts.results ?? [];
  };
  // A change somewhere else is seen here at once: the record's new state goes into the cache, the list is asked anew.
  useSubscription(AlertChanged, { onData: () => void client.refetchQueries({ include: [List] }), ignoreResults: true });
  return (
    <Stack gap="4">
      <DataTable name="alerts" label={t("alert.title")} document={List} select={(data) => data.alertsPage} rowId={(row) => row.id} rowName={(row) => row.title} rowHref={(row) => hrefFor("alert", row.id)}
        columns={columns()} filters={filters()} sort={NEWEST} permission="alerts:read" pollSeconds={60} empty={{ title: t("alert.none"), text: t("alert.none.text") }}
        bulk={[
          { key: "acknowledged", label: t("incident.acknowledge"), permission: "alerts:write", run: set("acknowledged") },
          { key: "resolved", label: t("incident.resolve"), permission: "alerts:write", run: set("resolved") },
          { key: "false_positive", label: t("alert.dismiss"), permission: "alerts:write", run: set("false_positive") },
        ]} />
    </Stack>
  );
}
