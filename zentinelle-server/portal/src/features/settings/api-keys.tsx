"use client";
import { useMutation } from "@apollo/client/react";
import { Button, HStack, Text } from "@chakra-ui/react";
import { Ban, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { number, person } from "@/lib/format";
import { asWords } from "@/lib/json";
import { May } from "@/lib/session";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ChecksField, ConfirmDialog, FormDialog, TextField } from "@/ui/dialogs";
import { useRun } from "@/lib/change";
import { RelativeTime, SecretOnce } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { ApiKeysPageQuery } from "./gql/graphql";
import { SettingsPage } from "./parts";
import { ApiKeysPage, CreateKey, DeleteKey, RevokeKey } from "./queries";

type Row = ApiKeysPageQuery["apiKeysPage"]["nodes"][number];
const WRITE = "keys:write";
const SCOPES = ["agents:read", "agents:write", "policies:read", "policies:write", "events:read", "events:write", "evaluations:read", "approvals:read", "approvals:write", "audit:read", "compliance:read", "*"];

/** What a key may: its scopes, its role, or what keys of its kind are for. */
function Allowed({ row }: { row: Row }) {
  const scopes = asWords(row.scopes);
  if (scopes.length > 0) return <HStack gap="1" wrap="wrap" maxW="26rem">{scopes.map((one) => <Tag key={one} fontFamily="mono">{one}</Tag>)}</HStack>;
  if (row.role) return <>{word(row.role)}</>;
  return <Text color="fg.muted">{t(row.description === "enrolment" ? "keys.may.enrolment" : "keys.may.agent")}</Text>;
}

const columns = (): readonly Column<Row>[] => [
  { key: "name", label: t("common.name"), sort: "name", cell: (row) => row.name },
  { key: "keyPrefix", label: t("keys.prefix"), cell: (row) => <Text fontFamily="mono" fontSize="xs">{row.keyPrefix}…</Text> },
  { key: "scopes", label: t("keys.may"), cell: (row) => <Allowed row={row} />, value: (row) => row.scopes },
  { key: "status", label: t("common.status"), cell: (row) => <StatusBadge value={row.status} /> },
  { key: "lastUsedAt", label: t("keys.used"), sort: "lastUsedAt", cell: (row) => <RelativeTime at={row.lastUsedAt} empty={t("common.never")} /> },
  { key: "usageCount", label: t("keys.uses"), numeric: true, hidden: true, cell: (row) => number(row.usageCount) },
  { key: "expiresAt", label: t("keys.expires"), cell: (row) => <RelativeTime at={row.expiresAt} empty={t("common.never")} /> },
  { key: "createdByUsername", label: t("keys.by"), cell: (row) => person(row.createdByUsername) },
  { key: "createdAt", label: t("common.created"), sort: "createdAt", cell: (row) => <RelativeTime at={row.createdAt} />, hidden: true },
];

export function ApiKeys() {
  const run = useRun();
  const [revoke] = useMutation(RevokeKey);
  const [remove] = useMutation(DeleteKey);
  const [making, make] = useState(false);
  const [asked, ask] = useState<{ row: Row; kind: "revoke" | "delete" }>();
  const filters: readonly Filter[] = [{ key: "status", label: t("common.status"), kind: "many", choices: ["active", "revoked", "expired"].map((value) => ({ value })) }];
  const create = <May permission={WRITE}><Button size="sm" onClick={() => make(true)}><Plus size={15} aria-hidden /> {t("keys.new")}</Button></May>;
  return (
    <SettingsPage title={t("nav.apiKeys")} lead={t("keys.lead")} permission="keys:read" actions={create}>
      <DataTable name="api-keys" label={t("nav.apiKeys")} document={ApiKeysPage} select={(page) => page.apiKeysPage} columns={columns()} filters={filters} rowId={(row) => row.id} rowName={(row) => row.name}
        empty={{ title: t("keys.empty"), text: t("keys.empty.text"), action: create }}
        rowActions={(row) => [
          ...(row.status === "active" ? [{ key: "revoke", label: t("keys.revoke"), icon: Ban, permission: WRITE, danger: true, run: (one: Row) => ask({ row: one, kind: "revoke" }) }] : []),
          { key: "delete", label: t("common.delete"), icon: Trash2, permission: WRITE, danger: true, run: (one) => ask({ row: one, kind: "delete" }) },
        ]} />
      {making ? <NewKey close={() => make(false)} /> : null}
      <ConfirmDialog open={!!asked} close={() => ask(undefined)} title={asked?.kind === "revoke" ? t("keys.revoke.title", { name: asked.row.name }) : t("keys.delete.title", { name: asked?.row.name ?? "" })} text={t("keys.revoke.text")} action={asked?.kind === "revoke" ? t("keys.revoke") : t("common.delete")}
        run={() => run(async () => (asked?.kind === "revoke" ? (await revoke({ variables: { id: asked.row.id } })).data?.revokeApiKey : (await remove({ variables: { id: asked?.row.id ?? "" } })).data?.deleteApiKey), { quiet: true })} />
    </SettingsPage>
  );
}

function NewKey({ close }: { close: () => void }) {
  const run = useRun();
  const [create] = useMutation(CreateKey);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["policies:read"]);
  const [key, setKey] = useState<string>();
  return (
    <FormDialog open close={close} title={t("keys.new")} submitLabel={t("common.create")} after={key ? <SecretOnce value={key} /> : undefined}
      submit={async () => {
        if (scopes.length === 0) return { success: false, problems: [{ message: t("form.must", { name: t("keys.scopes") }), path: ["scopes"] }] };
        const outcome = await run(async () => (await create({ variables: { name, scopes } })).data?.createPlatformApiKey, { quiet: true });
        if (outcome.success) setKey(outcome.payload?.apiKey ?? "");
        return outcome;
      }}>
      <TextField name="name" label={t("common.name")} value={name} set={setName} maxLength={255} required />
      <ChecksField name="scopes" label={t("keys.scopes")} help={t("keys.scopes.help")} choices={SCOPES.map((value) => ({ value, label: value }))} held={scopes} set={setScopes} mono />
    </FormDialog>
  );
}
