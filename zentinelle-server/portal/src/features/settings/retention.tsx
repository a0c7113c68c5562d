"use client";
import { useMutation, useQuery } from "@apollo/client/react";
import { Box, Button, HStack, Stack, Table, Tabs, Text } from "@chakra-ui/react";
import { Pencil, Plus, Power, Trash2 } from "lucide-react";
import dynamic from "next/dynamic";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { number } from "@/lib/format";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ChoiceField, ConfirmDialog, FormDialog, LongField, SwitchField, TextField } from "@/ui/dialogs";
import { Card, Loaded } from "@/ui/page";
import { useRun } from "@/lib/change";
import { RelativeTime } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { RetentionPageQuery } from "./gql/graphql";
import { SettingsPage } from "./parts";
import { CreateRetention, DeleteRetention, RetentionChoices, RetentionPage, RetentionPreview, ToggleRetention, UpdateRetention } from "./queries";

// Loaded when its tab is first opened.
const HoldTable = dynamic(() => import("./holds").then((made) => made.HoldTable), { ssr: false });

type Row = RetentionPageQuery["retentionPoliciesPage"]["nodes"][number];
const WRITE = "retention:write";

/** The server's choices, in our words. */
export function useChoices() {
  const { data } = useQuery(RetentionChoices);
  const of = (list: readonly { value: string | null; label: string | null }[] | undefined) => (list ?? []).map((one) => ({ value: one.value ?? "", label: one.label ?? word(one.value) }));
  return { entities: of(data?.retentionOptions?.entityTypes), actions: of(data?.retentionOptions?.expirationActions), requirements: of(data?.retentionOptions?.complianceRequirements), holdTypes: of(data?.legalHoldOptions?.holdTypes) };
}

/** A policy written as a document may speak of several kinds of records, each with days of its own. */
const kindsOf = (row: Row) => row.entityType.split(",");

const columns = (): readonly Column<Row>[] => [
  { key: "name", label: t("common.name"), sort: "name", cell: (row) => row.name },
  { key: "entityType", label: t("retention.entity"), cell: (row) => <HStack gap="1" wrap="wrap">{kindsOf(row).map((kind) => <Tag key={kind}>{word(kind)}</Tag>)}</HStack> },
  { key: "retentionDays", label: t("retention.days"), sort: "retentionDays", numeric: true, cell: (row) => t(kindsOf(row).length > 1 ? "retention.days.atLeast" : "common.days", { count: row.retentionDays }) },
  { key: "minimumRetentionDays", label: t("retention.minimum"), numeric: true, cell: (row) => number(row.minimumRetentionDays) },
  { key: "expirationAction", label: t("retention.action"), cell: (row) => word(row.expirationAction) },
  { key: "complianceRequirement", label: t("retention.requirement"), cell: (row) => row.complianceRequirementDisplay ?? word(row.complianceRequirement) },
  { key: "enabled", label: t("retention.enabled"), cell: (row) => <StatusBadge value={row.enabled ? "active" : "disabled"} /> },
];

export function Retention() {
  const url = useUrlState();
  return (
    <SettingsPage title={t("nav.retention")} lead={t("retention.lead")} permission="retention:read">
      <Tabs.Root value={url.get("tab") ?? "policies"} onValueChange={({ value }) => url.set({ tab: value === "policies" ? null : value, after: null, before: null, search: null })} size="sm" lazyMount unmountOnExit>
        <Tabs.List><Tabs.Trigger value="policies">{t("retention.tab.policies")}</Tabs.Trigger><Tabs.Trigger value="holds">{t("retention.tab.holds")}</Tabs.Trigger></Tabs.List>
        <Tabs.Content value="policies"><Policies /></Tabs.Content>
        <Tabs.Content value="holds"><HoldTable /></Tabs.Content>
      </Tabs.Root>
    </SettingsPage>
  );
}

function Policies() {
  const run = useRun();
  const router = useRouter();
  const { entities } = useChoices();
  const [toggle] = useMutation(ToggleRetention);
  const [remove] = useMutation(DeleteRetention);
  const [edited, edit] = useState<Row | "new">();
  const [doomed, doom] = useState<Row>();
  const filters: readonly Filter[] = [{ key: "entityType", label: t("retention.entity"), kind: "one", choices: entities }, { key: "enabled", label: t("retention.enabled"), kind: "yesno" }];
  const add = <May permission={WRITE}><Button size="sm" alignSelf="flex-end" onClick={() => edit("new")}><Plus size={15} aria-hidden /> {t("retention.new")}</Button></May>;
  return (
    <Stack gap="4">
      {add}
      <DataTable name="retention" label={t("nav.retention")} document={RetentionPage} select={(page) => page.retentionPoliciesPage} columns={columns()} filters={filters} rowId={(row) => row.id} rowName={(row) => row.name} empty={{ title: t("retention.empty"), text: t("retention.empty.text") }}
        rowActions={(row) => [
          { key: "edit", label: t("common.edit"), icon: Pencil, permission: WRITE, run: (one) => (kindsOf(one).length > 1 ? router.push(`/policies/edit/?id=${one.id}`) : edit(one)) },
          { key: "toggle", label: row.enabled ? t("policies.disable") : t("policies.enable"), icon: Power, permission: WRITE, run: (one) => void run(async () => (await toggle({ variables: { id: one.id } })).data?.toggleRetentionPolicyEnabled, { done: t("common.saved") }) },
          { key: "delete", label: t("common.delete"), icon: Trash2, permission: WRITE, danger: true, run: doom },
        ]} />
      <Preview />
      {edited ? <Form kept={edited === "new" ? undefined : edited} close={() => edit(undefined)} /> : null}
      <ConfirmDialog open={!!doomed} close={() => doom(undefined)} title={t("retention.delete.title", { name: doomed?.name ?? "" })} text={t("retention.delete.text")} action={t("common.delete")} run={() => run(async () => (await remove({ variables: { id: doomed?.id ?? "" } })).data?.deleteRetentionPolicy, { quiet: true })} />
    </Stack>
  );
}

function Preview() {
  const result = useQuery(RetentionPreview, { fetchPolicy: "cache-and-network" });
  return (
    <Card title={t("retention.preview")} flush>
      <Loaded result={result} waiting={<Box p="4" />}>
        {({ retentionPreview }) => retentionPreview.length === 0 ? <Text px="4" pb="4" fontSize="sm" color="fg.muted">{t("retention.preview.none")}</Text> : (
          <Box overflowX="auto" tabIndex={0}>
            <Table.Root size="sm">
              <Table.Header><Table.Row>{[t("retention.entity"), t("retention.days"), t("retention.preview.delete"), t("retention.preview.held"), t("retention.preview.oldest")].map((one, index) => <Table.ColumnHeader key={one} px="4" textAlign={index > 0 && index < 4 ? "end" : undefined}>{one}</Table.ColumnHeader>)}</Table.Row></Table.Header>
              <Table.Body>
                {retentionPreview.map((one) => (
                  <Table.Row key={one.entityType}>
                    <Table.Cell px="4">{word(one.entityType)}</Table.Cell>
                    <Table.Cell px="4" textAlign="end">{t("common.days", { count: one.retentionDays })}</Table.Cell>
                    <Table.Cell px="4" textAlign="end" fontWeight="medium">{number(one.wouldDelete)}</Table.Cell>
                    <Table.Cell px="4" textAlign="end">{number(one.held)}</Table.Cell>
                    <Table.Cell px="4"><RelativeTime at={one.oldest} /></Table.Cell>
                  </Table.Row>
                ))}
              </Table.Body>
            </Table.Root>
          </Box>
        )}
      </Loaded>
    </Card>
  );
}

function Form({ kept, close }: { kept?: Row; close: () => void }) {
  const run = useRun();
  const choices = useChoices();
  const [create] = useMutation(CreateRetention);
  const [update] = useMutation(UpdateRetention);
  const [name, setName] = useState(kept?.name ?? "");
  const [description, setDescription] = useState(kept?.description ?? "");
  const [entityType, setEntity] = useState(kept?.entityType ?? "");
  const [days, setDays] = useState(String(kept?.retentionDays ?? 365));
  const [minimum, setMinimum] = useState(kept?.minimumRetentionDays ? String(kept.minimumRetentionDays) : "");
  const [expirationAction, setAction] = useState(kept?.expirationAction ?? "");
  const [complianceRequirement, setRequirement] = useState(kept?.complianceRequirement ?? "");
  const [priority, setPriority] = useState(String(kept?.priority ?? 0));
  const [enabled, setEnabled] = useState(kept?.enabled ?? true);
  return (
    <FormDialog open close={close} title={kept ? t("retention.edit", { name: kept.name }) : t("retention.new")} submit={async () => {
      const input = { name, description, entityType: entityType || choices.entities[0]?.value, retentionDays: Number(days), minimumRetentionDays: minimum ? Number(minimum) : null, expirationAction: expirationAction || choices.actions[0]?.value, complianceRequirement: complianceRequirement || choices.requirements[0]?.value, priority: Number(priority) || 0, enabled };
      const outcome = kept ? await run(async () => (await update({ variables: { input: { id: kept.id, ...input } } })).data?.updateRetentionPolicy, { quiet: true }) : await run(async () => (await create({ variables: { input } })).data?.createRetentionPolicy, { quiet: true });
      if (outcome.success) close();
      return outcome;
    }}>
      <TextField name="name" label={t("common.name")} value={name} set={setName} minLength={2} maxLength={255} required />
      <LongField name="description" label={t("common.description")} value={description} set={setDescription} rows={2} />
      <ChoiceField name="entityType" label={t("retention.entity")} value={entityType} set={setEntity} choices={choices.entities} />
      <TextField name="retentionDays" label={t("retention.days.label")} type="number" value={days} set={setDays} required />
      <TextField name="minimumRetentionDays" label={`${t("retention.minimum")} (${t("common.optional")})`} type="number" value={minimum} set={setMinimum} />
      <ChoiceField name="expirationAction" label={t("retention.action")} value={expirationAction} set={setAction} choices={choices.actions} />
      <ChoiceField name="complianceRequirement" label={t("retention.requirement")} value={complianceRequirement} set={setRequirement} choices={choices.requirements} />
      <TextField name="priority" label={t("retention.priority")} type="number" value={priority} set={setPriority} />
      <SwitchField label={t("retention.enabled")} value={enabled} set={setEnabled} />
    </FormDialog>
  );
}
