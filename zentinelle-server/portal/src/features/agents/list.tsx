"use client";
import { useMutation, useQuery } from "@apollo/client/react";
import { Button } from "@chakra-ui/react";
import { Boxes, KeyRound, Pause, Pencil, Play, Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { number, usd } from "@/lib/format";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Page } from "@/ui/page";
import { RelativeTime } from "@/ui/small";
import { type BulkAction, type Column, DataTable, type Filter } from "@/ui/table";
import type { AgentsPageQuery } from "./gql/graphql";
import { AGENT_TYPES, type AgentDialog, AgentDialogs, AgentForm, EnrolmentForm } from "./dialogs";
import { GroupName, useActivate } from "./parts";
import { AgentGroups, AgentsPage, SetAgents } from "./queries";

type Row = AgentsPageQuery["agentsPage"]["nodes"][number];
const WRITE = "agents:write";

const columns = (): readonly Column<Row>[] => [
  { key: "name", label: t("common.name"), sort: "name", cell: (row) => row.name },
  { key: "agentId", label: t("agents.agentId"), sort: "agentId", cell: (row) => row.agentId, hidden: true },
  { key: "agentType", label: t("agents.type"), sort: "agentType", cell: (row) => <Tag>{word(row.agentType)}</Tag> },
  { key: "status", label: t("common.status"), sort: "status", cell: (row) => <StatusBadge value={row.status} /> },
  { key: "health", label: t("agents.health"), cell: (row) => <StatusBadge value={row.health} /> },
  { key: "group", label: t("agents.group"), cell: (row) => <GroupName group={row.agentGroup} />, value: (row) => row.agentGroup?.name },
  { key: "lastHeartbeat", label: t("agents.seen"), sort: "lastHeartbeat", cell: (row) => <RelativeTime at={row.lastHeartbeat} empty={t("common.never")} /> },
  { key: "decisions24h", label: t("agents.decisions"), numeric: true, cell: (row) => number(row.decisions24h) },
  { key: "denied24h", label: t("agents.denied"), numeric: true, cell: (row) => number(row.denied24h) },
  { key: "costUsd30d", label: t("agents.cost"), numeric: true, cell: (row) => usd(row.costUsd30d) },
  { key: "apiKeyPrefix", label: t("agents.key"), cell: (row) => `${row.apiKeyPrefix}…`, hidden: true },
  { key: "createdAt", label: t("common.created"), sort: "createdAt", cell: (row) => <RelativeTime at={row.createdAt} />, hidden: true },
];

export function AgentList() {
  const url = useUrlState();
  const { data: groups } = useQuery(AgentGroups, { variables: { first: 100 } });
  const [setMany] = useMutation(SetAgents);
  const [chosen, choose] = useState<{ agent: Row; kind: AgentDialog }>();
  const [enrolling, enrol] = useState(false);
  const activate = useActivate();
  const filters = useMemo<readonly Filter[]>(() => [
    { key: "status", label: t("common.status"), kind: "many", choices: [{ value: "active" }, { value: "suspended" }, { value: "inactive" }] },
    { key: "health", label: t("agents.health"), kind: "many", choices: [{ value: "healthy" }, { value: "degraded" }, { value: "unhealthy" }, { value: "unknown" }] },
    { key: "agentType", label: t("agents.type"), kind: "many", choices: AGENT_TYPES.map((value) => ({ value })) },
    { key: "groupId", label: t("agents.group"), kind: "one", choices: (groups?.agentGroupsPage.nodes ?? []).map((one) => ({ value: one.id, label: one.name })) },
  ], [groups]);
  const many = (change: { status?: string; groupId?: string }) => async (ids: string[]) => (await setMany({ variables: { ids, ...change } })).data?.setAgents.results ?? [];
  const bulk: readonly BulkAction[] = [
    { key: "activate", label: t("agents.activate"), permission: WRITE, run: many({ status: "active" }) },
    { key: "suspend", label: t("agents.suspend"), permission: WRITE, danger: true, run: many({ status: "suspended" }) },
    ...(groups?.agentGroupsPage.nodes ?? []).slice(0, 6).map((group) => ({ key: group.id, label: `${t("agents.assign")}: ${group.name}`, permission: WRITE, run: many({ groupId: group.id }) })),
  ];
  const register = <May permission={WRITE}><Button size="sm" onClick={() => url.set({ new: 1 })}><Plus size={15} aria-hidden /> {t("agents.register")}</Button></May>;
  const ask = (kind: AgentDialog) => (agent: Row) => choose({ agent, kind });
  return (
    <Page title={t("nav.agents")} lead={t("agents.lead")} permission="agents:read"
      actions={<><May permission="keys:write"><Button size="sm" variant="outline" onClick={() => enrol(true)}><KeyRound size={14} aria-hidden /> {t("agents.enrol")}</Button></May>{register}</>}>
      <DataTable name="agents" label={t("nav.agents")} document={AgentsPage} select={(page) => page.agentsPage} columns={columns()} filters={filters} bulk={bulk}
        rowId={(row) => row.id} rowName={(row) => row.name} rowHref={(row) => `/agents/detail/?id=${row.id}`} empty={{ title: t("agents.empty"), text: t("agents.empty.text"), action: register }} pollSeconds={30}
        rowActions={(row) => [
          { key: "edit", label: t("common.edit"), icon: Pencil, permission: WRITE, run: ask("edit") },
          { key: "assign", label: t("agents.assign"), icon: Boxes, permission: WRITE, run: ask("assign") },
          row.status === "suspended" ? { key: "activate", label: t("agents.activate"), icon: Play, permission: WRITE, run: (agent) => void activate(agent) } : { key: "suspend", label: t("agents.suspend"), icon: Pause, permission: WRITE, run: ask("suspend") },
          { key: "key", label: t("agents.newKey"), icon: KeyRound, permission: WRITE, run: ask("key") },
          { key: "delete", label: t("common.delete"), icon: Trash2, permission: WRITE, danger: true, run: ask("delete") },
        ]} />
      <AgentForm open={url.get("new") === "1"} close={() => url.set({ new: null })} />
      <EnrolmentForm open={enrolling} close={() => enrol(false)} />
      <AgentDialogs agent={chosen?.agent} kind={chosen?.kind} close={() => choose(undefined)} />
    </Page>
  );
}
