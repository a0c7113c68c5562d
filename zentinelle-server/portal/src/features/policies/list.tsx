"use client";
import { useApolloClient, useMutation, useQuery } from "@apollo/client/react";
import { Text } from "@chakra-ui/react";
import { Copy, Pencil, Plus, Power, Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { useMemo, useState } from "react";
import { attempt, type Payload, problemText } from "@/lib/outcome";
import { May } from "@/lib/session";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ConfirmDialog } from "@/ui/dialogs";
import { Page } from "@/ui/page";
import { GoButton, RelativeTime } from "@/ui/small";
import { type BulkAction, type Column, DataTable, type Filter } from "@/ui/table";
import { tell } from "@/ui/toasts";
import type { PoliciesPageQuery } from "./gql/graphql";
import { DeletePolicy, DuplicatePolicy, PoliciesPage, PolicyOptions, SetPolicies, TogglePolicy } from "./queries";
import { OnOff, scopeWords } from "./words";
import { person } from "@/lib/format";

type Row = PoliciesPageQuery["policiesPage"]["nodes"][number];
const WRITE = "policies:write";

const columns = (): readonly Column<Row>[] => [
  { key: "name", label: t("common.name"), sort: "name", cell: (row) => row.name },
  { key: "policyType", label: t("policies.type"), sort: "policyType", cell: (row) => <Tag>{word(row.policyType)}</Tag> },
  { key: "scope", label: t("policies.scope"), sort: "scopeType", cell: scopeWords, value: scopeWords },
  { key: "enforcement", label: t("policies.enforcement"), sort: "enforcement", cell: (row) => <StatusBadge value={row.enforcement} /> },
  { key: "enabled", label: t("policies.enabled"), cell: (row) => <OnOff on={row.enabled} /> },
  { key: "priority", label: t("policies.priority"), sort: "priority", numeric: true, cell: (row) => row.priority },
  { key: "version", label: t("policies.version"), numeric: true, cell: (row) => row.version, hidden: true },
  { key: "createdByUsername", label: t("policies.author"), cell: (row) => person(row.createdByUsername), hidden: true },
  { key: "updatedAt", label: t("common.updated"), sort: "updatedAt", cell: (row) => <RelativeTime at={row.updatedAt} /> },
];

export function PolicyList() {
  const router = useRouter();
  const client = useApolloClient();
  const { data } = useQuery(PolicyOptions);
  const [toggle] = useMutation(TogglePolicy);
  const [duplicate] = useMutation(DuplicatePolicy);
  const [remove] = useMutation(DeletePolicy);
  const [setMany] = useMutation(SetPolicies);
  const [doomed, setDoomed] = useState<Row>();
  const again = () => client.refetchQueries({ include: [PoliciesPage] });
  const options = data?.policyOptions;
  const filters = useMemo<readonly Filter[]>(() => [
    { key: "enforcement", label: t("policies.enforcement"), kind: "many", choices: [{ value: "enforce" }, { value: "audit" }, { value: "disabled" }] },
    { key: "enabled", label: t("policies.enabled"), kind: "yesno" },
    { key: "scopeType", label: t("policies.scope"), kind: "many", choices: (options?.scopeTypes ?? []).map((one) => ({ value: one.value ?? "" })) },
    { key: "policyType", label: t("policies.type"), kind: "many", choices: (options?.policyTypes ?? []).map((one) => ({ value: one.value ?? "" })) },
  ], [options]);
  const run = async (done: string, change: () => Promise<Payload | null | undefined>) => {
    const { success, problems } = await attempt(change);
    if (success) tell.done(done);
    else tell.failed(t("form.error"), problemText(problems));
    void again();
  };
  const many = (variables: { enabled?: boolean; enforcement?: string }) => async (ids: string[]) => (await setMany({ variables: { ids, ...variables } })).data?.setPolicies.results ?? [];
  const bulk: readonly BulkAction[] = [
    { key: "on", label: t("policies.enable"), permission: WRITE, run: many({ enabled: true }) },
    { key: "off", label: t("policies.disable"), permission: WRITE, run: many({ enabled: false }) },
    { key: "enforce", label: t("policies.setEnforce"), permission: WRITE, run: many({ enforcement: "enforce" }) },
    { key: "audit", label: t("policies.setAudit"), permission: WRITE, run: many({ enforcement: "audit" }) },
  ];
  const create = <May permission={WRITE}><GoButton href="/policies/edit/"><Plus size={15} aria-hidden /> {t("policies.new")}</GoButton></May>;
  return (
    <Page title={t("nav.policies")} lead={t("policies.lead")} permission="policies:read"
      actions={
        <>
          <GoButton href="/policies/effective/" variant="outline">{t("nav.effective")}</GoButton>
          <GoButton href="/policies/health/" variant="outline">{t("nav.health")}</GoButton>
          <GoButton href="/policies/import/" variant="outline">{t("nav.import")}</GoButton>
          {create}
        </>
      }>
      <DataTable
        name="policies" label={t("nav.policies")} document={PoliciesPage} select={(page) => page.policiesPage} columns={columns()} filters={filters}
        rowId={(row) => row.id} rowName={(row) => row.name} rowHref={(row) => `/policies/detail/?id=${row.id}`} sort={{ field: "updatedAt", direction: "DESC" }} bulk={bulk}
        empty={{ title: t("policies.empty"), text: t("policies.empty.text"), action: create }}
        rowActions={(row) => [
          { key: "edit", label: t("common.edit"), icon: Pencil, permission: WRITE, run: () => router.push(`/policies/edit/?id=${row.id}`) },
          { key: "toggle", label: row.enabled ? t("policies.disable") : t("policies.enable"), icon: Power, permission: WRITE, run: () => void run(t("common.saved"), async () => (await toggle({ variables: { id: row.id } })).data?.togglePolicyEnabled) },
          { key: "copy", label: t("policies.duplicate"), icon: Copy, permission: WRITE, run: () => void run(t("policies.duplicated"), async () => (await duplicate({ variables: { id: row.id } })).data?.duplicatePolicy) },
          { key: "delete", label: t("common.delete"), icon: Trash2, permission: WRITE, danger: true, run: setDoomed },
        ]}
      />
      <ConfirmDialog open={!!doomed} close={() => setDoomed(undefined)} title={t("policies.delete.title", { name: doomed?.name ?? "" })} text={<Text>{t("policies.delete.text")}</Text>} action={t("common.delete")}
        run={async () => {
          const outcome = await attempt(async () => (await remove({ variables: { id: doomed?.id ?? "" } })).data?.deletePolicy);
          if (outcome.success) {
            tell.done(t("common.deleted"));
            void again();
          }
          return outcome;
        }} />
    </Page>
  );
}
