// The list of incidents, each with the clock of its service level.
"use client";
import { HStack, Stack, Text } from "@chakra-ui/react";
import { useApolloClient } from "@apollo/client/react";
import { once } from "@/lib/once";
import { useMe } from "@/lib/session";
import { hrefFor } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Identifier, RelativeTime } from "@/ui/small";
import { type BulkAction, type Column, DataTable, type Filter } from "@/ui/table";
import type { IncidentsQuery } from "./gql/graphql";
import { INCIDENT_STATUSES, INCIDENT_TYPES, NewIncidentButton, SEVERITIES } from "./incident-form";
import { Incidents as List, SetIncidents } from "./queries";
import { SlaClock } from "./sla-clock";

type Row = IncidentsQuery["incidentsPage"]["nodes"][number];
const NEWEST = { field: "createdAt", direction: "DESC" } as const;

const filters = once((): readonly Filter[] => [
  { key: "status", label: t("common.status"), kind: "many", choices: INCIDENT_STATUSES.map((value) => ({ value })) },
  { key: "severity", label: t("risk.severity"), kind: "many", choices: SEVERITIES.map((value) => ({ value })) },
  { key: "slaStatus", label: t("incident.sla"), kind: "many", choices: ["on_track", "at_risk", "breached", "met"].map((value) => ({ value })) },
  { key: "incidentType", label: t("common.type"), kind: "many", choices: INCIDENT_TYPES.map((value) => ({ value })) },
  { key: "assignee", label: t("incident.assignee"), kind: "text" },
  { key: "since", label: t("incident.since"), kind: "since" },
]);

const columns = once((): readonly Column<Row>[] => [
  { key: "title", label: t("incident.title"), cell: (row) => row.title, sort: "title", width: "28%" },
  { key: "severity", label: t("risk.severity"), cell: (row) => <StatusBadge value={row.severity} />, sort: "severity" },
  { key: "status", label: t("common.status"), cell: (row) => <StatusBadge value={row.status} /> },
  { key: "slaStatus", label: t("incident.sla"), cell: (row) => <SlaClock status={row.slaStatus} due={row.slaDueAt} resolvedAt={row.resolvedAt} />, value: (row) => row.slaStatus, sort: "slaDueAt" },
  { key: "incidentType", label: t("common.type"), cell: (row) => <Tag>{word(row.incidentType)}</Tag> },
  { key: "assignee", label: t("incident.assignee"), cell: (row) => row.assignedToName || row.assignee || <Text as="span" color="fg.muted">{t("incident.unassigned")}</Text>, value: (row) => row.assignee },
  { key: "endpointName", label: t("incident.agent"), cell: (row) => row.endpointName || "–" },
  { key: "occurredAt", label: t("incident.occurred"), cell: (row) => <RelativeTime at={row.occurredAt} />, sort: "occurredAt" },
  { key: "rootCause", label: t("incident.rootCause"), cell: (row) => <Text lineClamp={2} fontSize="sm">{row.rootCause || "–"}</Text>, hidden: true },
  { key: "id", label: t("common.id"), cell: (row) => <Identifier value={row.id} short />, hidden: true },
]);

export function Incidents() {
  const me = useMe();
  const client = useApolloClient();
  const change = (variables: { status?: string; assignee?: string }) => async (ids: string[]) => {
    const { data } = await client.mutate({ mutation: SetIncidents, variables: { ids, ...variables } });
    return data?.setIncidents.results ?? [];
  };
  const bulk: BulkAction[] = [
    { key: "mine", label: t("incident.assignMe"), permission: "incidents:write", run: change({ assignee: me.email ?? me.id }) },
    ...["investigating", "mitigating", "resolved"].map((status) => ({ key: status, label: t("incident.set", { status: word(status) }), permission: "incidents:write", run: change({ status }) })),
  ];
  return (
    <Stack gap="4">
      <DataTable name="incidents" label={t("incident.tab")} document={List} select={(data) => data.incidentsPage} rowId={(row) => row.id} rowName={(row) => row.title} rowHref={(row) => hrefFor("incident", row.id)}
        columns={columns()} filters={filters()} sort={NEWEST} bulk={bulk} permission="incidents:read" pollSeconds={60} empty={{ title: t("incident.none"), text: t("incident.none.text"), action: <NewIncidentButton /> }} />
    </Stack>
  );
}
