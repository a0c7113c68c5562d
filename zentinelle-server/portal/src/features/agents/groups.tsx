"use client";
import { useMutation, useQuery } from "@apollo/client/react";
import { Box, Button, chakra, HStack, Input, Stack, Text } from "@chakra-ui/react";
import { Pencil, Plus, Trash2, X } from "lucide-react";
import { useState } from "react";
import { number } from "@/lib/format";
import { attempt, problemText } from "@/lib/outcome";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ChoiceField, ConfirmDialog, FormDialog, FormField, LongField, SidePanel, TextField } from "@/ui/dialogs";
import { Loaded, Page } from "@/ui/page";
import { GoTo, IconAction, RelativeTime } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import { tell } from "@/ui/toasts";
import type { AgentGroupsQuery } from "./gql/graphql";
import { GroupName, useAgain } from "./parts";
import { AgentGroups as Groups, AgentsToAdd, AssignAgent, CreateGroup, DeleteGroup, GroupMembers, RemoveFromGroup, UpdateGroup } from "./queries";

type Row = AgentGroupsQuery["agentGroupsPage"]["nodes"][number];
const WRITE = "agents:write";
const TIERS = ["standard", "restricted", "trusted"] as const;
const COLORS = ["#0e7c86", "#d1602a", "#4b5fb8", "#b58900", "#8e3b76", "#12875f", "#5b6b75"];
const TONES = { trusted: "good", standard: "low", restricted: "high" } as const;

const columns = (): readonly Column<Row>[] => [
  { key: "name", label: t("common.name"), sort: "name", cell: (row) => <GroupName group={row} /> },
  { key: "description", label: t("common.description"), cell: (row) => <Text lineClamp={2} color="fg.muted">{row.description || "–"}</Text> },
  { key: "tier", label: t("groups.tier"), cell: (row) => <StatusBadge value={row.tier} tone={TONES[row.tier as "standard"] ?? "quiet"} /> },
  { key: "agentCount", label: t("groups.agents"), numeric: true, cell: (row) => number(row.agentCount) },
  { key: "createdAt", label: t("common.created"), sort: "createdAt", cell: (row) => <RelativeTime at={row.createdAt} /> },
];

export function AgentGroups() {
  const url = useUrlState();
  const again = useAgain();
  const [remove] = useMutation(DeleteGroup);
  const [edited, edit] = useState<Row | "new">();
  const [doomed, doom] = useState<Row>();
  const filters: readonly Filter[] = [{ key: "tier", label: t("groups.tier"), kind: "many", choices: TIERS.map((value) => ({ value })) }];
  const create = <May permission={WRITE}><Button size="sm" onClick={() => edit("new")}><Plus size={15} aria-hidden /> {t("groups.new")}</Button></May>;
  return (
    <Page title={t("nav.agentGroups")} lead={t("groups.lead")} permission="agents:read" actions={create}>
      <DataTable name="agent-groups" label={t("nav.agentGroups")} document={Groups} select={(page) => page.agentGroupsPage} columns={columns()} filters={filters}
        rowId={(row) => row.id} rowName={(row) => row.name} onOpen={(row) => url.set({ open: row.id })} empty={{ title: t("groups.empty"), text: t("groups.empty.text"), action: create }}
        rowActions={() => [
          { key: "edit", label: t("common.edit"), icon: Pencil, permission: WRITE, run: edit },
          { key: "delete", label: t("common.delete"), icon: Trash2, permission: WRITE, danger: true, run: doom },
        ]} />
      {edited ? <GroupForm group={edited === "new" ? undefined : edited} close={() => edit(undefined)} /> : null}
      <Members id={url.get("open")} close={() => url.set({ open: null })} />
      <ConfirmDialog open={!!doomed} close={() => doom(undefined)} title={t("groups.delete.title", { name: doomed?.name ?? "" })} text={t("groups.delete.text", { count: doomed?.agentCount ?? 0 })} action={t("common.delete")}
        run={async () => {
          const outcome = await attempt(async () => (await remove({ variables: { id: doomed?.id ?? "" } })).data?.deleteAgentGroup);
          if (outcome.success) void again();
          return outcome;
        }} />
    </Page>
  );
}

function GroupForm({ group, close }: { group?: Row; close: () => void }) {
  const again = useAgain();
  const [create] = useMutation(CreateGroup);
  const [update] = useMutation(UpdateGroup);
  const [name, setName] = useState(group?.name ?? "");
  const [description, setDescription] = useState(group?.description ?? "");
  const [tier, setTier] = useState(group?.tier ?? "standard");
  const [color, setColor] = useState(group?.color ?? COLORS[0] ?? "");
  return (
    <FormDialog open close={close} title={group ? t("groups.edit", { name: group.name }) : t("groups.new")} submitLabel={group ? t("common.save") : t("common.create")}
      submit={async () => {
        const variables = { name, description, tier, color };
        const outcome = group ? await attempt(async () => (await update({ variables: { id: group.id, ...variables } })).data?.updateAgentGroup) : await attempt(async () => (await create({ variables })).data?.createAgentGroup);
        if (outcome.success) {
          void again();
          close();
        }
        return outcome;
      }}>
      <TextField name="name" label={t("common.name")} value={name} set={setName} minLength={2} maxLength={255} required />
      <LongField name="description" label={t("common.description")} value={description} set={setDescription} maxLength={2000} />
      <ChoiceField name="tier" label={t("groups.tier")} value={tier} set={setTier} choices={TIERS.map((value) => ({ value, label: t(`groups.tier.${value}`) }))} />
      <FormField name="color" label={t("groups.color")}>
        <HStack gap="2" role="radiogroup" aria-label={t("groups.color")}>
          {COLORS.map((one, index) => (
            <chakra.button key={one} type="button" role="radio" aria-checked={color === one} aria-label={`${t("groups.color")} ${index + 1}`} w="7" h="7" rounded="full" cursor="pointer" style={{ background: one }} outline={color === one ? "2px solid" : undefined} outlineColor="fg" outlineOffset="2px" onClick={() => setColor(one)} />
          ))}
        </HStack>
      </FormField>
    </FormDialog>
  );
}

function Members({ id, close }: { id: string | null; close: () => void }) {
  const again = useAgain();
  const result = useQuery(GroupMembers, { variables: { id: id ?? "" }, skip: !id, fetchPolicy: "cache-and-network" });
  const [search, setSearch] = useState("");
  const found = useQuery(AgentsToAdd, { variables: { search }, skip: search.length < 2 });
  const [assign] = useMutation(AssignAgent);
  const [leave] = useMutation(RemoveFromGroup);
  const run = async (change: Parameters<typeof attempt>[0]) => {
    const { success, problems } = await attempt(change);
    if (!success) tell.failed(t("form.error"), problemText(problems));
    setSearch("");
    void again();
  };
  return (
    <SidePanel open={!!id} close={close} title={t("groups.members")}>
      <Stack gap="4">
        <May permission={WRITE}>
          <Box>
            <Input size="sm" type="search" aria-label={t("groups.add")} placeholder={t("groups.add")} value={search} onChange={({ target }) => setSearch(target.value)} />
            <Stack gap="1" mt="2">
              {search.length < 2 ? null : found.data?.agentsPage.nodes.filter((one) => one.agentGroup?.id !== id).map((one) => (
                <Button key={one.id} size="sm" variant="ghost" justifyContent="flex-start" onClick={() => void run(async () => (await assign({ variables: { agentId: one.id, groupId: id ?? "" } })).data?.assignAgentToGroup)}><Plus size={13} aria-hidden /> {one.name}</Button>
              ))}
            </Stack>
          </Box>
        </May>
        <Loaded result={result}>
          {({ agentsPage }) => agentsPage.nodes.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("groups.members.none")}</Text> : (
            <Stack gap="2">
              {agentsPage.nodes.map((one) => (
                <HStack key={one.id} justify="space-between" fontSize="sm">
                  <GoTo href={`/agents/detail/?id=${one.id}`}>{one.name}</GoTo>
                  <HStack><Tag>{word(one.status)}</Tag><StatusBadge value={one.health} />
                    <May permission={WRITE}><IconAction label={t("groups.remove", { name: one.name })} size="xs" onClick={() => void run(async () => (await leave({ variables: { agentId: one.id } })).data?.removeAgentFromGroup)}><X size={13} aria-hidden /></IconAction></May>
                  </HStack>
                </HStack>
              ))}
            </Stack>
          )}
        </Loaded>
      </Stack>
    </SidePanel>
  );
}
