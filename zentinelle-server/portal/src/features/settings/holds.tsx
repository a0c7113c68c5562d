"use client";
import { useMutation } from "@apollo/client/react";
import { Button, Stack, Text } from "@chakra-ui/react";
import { LockOpen, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { day } from "@/lib/format";
import { May } from "@/lib/session";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ChecksField, ChoiceField, ConfirmDialog, FormDialog, LongField, SwitchField, TextField } from "@/ui/dialogs";
import { useRun } from "@/lib/change";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { HoldsPageQuery } from "./gql/graphql";
import { listOf } from "./parts";
import { CreateHold, DeleteHold, HoldsPage, ReleaseHold } from "./queries";
import { useChoices } from "./retention";

type Row = HoldsPageQuery["legalHoldsPage"]["nodes"][number];
const WRITE = "retention:write";

const columns = (): readonly Column<Row>[] => [
  { key: "name", label: t("common.name"), sort: "name", cell: (row) => row.name },
  { key: "referenceNumber", label: t("holds.reference"), cell: (row) => <Text fontFamily="mono" fontSize="xs">{row.referenceNumber || "–"}</Text> },
  { key: "holdType", label: t("holds.type"), cell: (row) => <Tag>{word(row.holdType)}</Tag> },
  { key: "scope", label: t("holds.scope"), value: (row) => (row.appliesToAll ? "all" : row.entityTypes), cell: (row) => (row.appliesToAll ? t("holds.all") : (Array.isArray(row.entityTypes) ? (row.entityTypes as string[]) : []).map(word).join(", ")) },
  { key: "status", label: t("common.status"), cell: (row) => <StatusBadge value={row.status} /> },
  { key: "effectiveDate", label: t("holds.effective"), cell: (row) => day(row.effectiveDate) },
  { key: "expirationDate", label: t("holds.expires"), cell: (row) => day(row.expirationDate) },
  { key: "custodianEmail", label: t("holds.custodian"), cell: (row) => row.custodianEmail || "–", hidden: true },
  { key: "notifyOnAccess", label: t("holds.watched"), cell: (row) => t(row.notifyOnAccess ? "common.yes" : "common.no"), hidden: true },
];

export function HoldTable() {
  const run = useRun();
  const { holdTypes } = useChoices();
  const [release] = useMutation(ReleaseHold);
  const [remove] = useMutation(DeleteHold);
  const [making, make] = useState(false);
  const [asked, ask] = useState<{ row: Row; kind: "release" | "delete" }>();
  const filters: readonly Filter[] = [{ key: "holdType", label: t("holds.type"), kind: "many", choices: holdTypes }, { key: "status", label: t("common.status"), kind: "many", choices: ["active", "released", "expired"].map((value) => ({ value })) }];
  return (
    <Stack gap="4">
      <May permission={WRITE}><Button size="sm" alignSelf="flex-end" onClick={() => make(true)}><Plus size={15} aria-hidden /> {t("holds.new")}</Button></May>
      <DataTable name="legal-holds" label={t("retention.tab.holds")} document={HoldsPage} select={(page) => page.legalHoldsPage} columns={columns()} filters={filters} rowId={(row) => row.id} rowName={(row) => row.name} empty={{ title: t("holds.empty"), text: t("holds.empty.text") }}
        rowActions={(row) => [
          row.releasedAt ? { key: "delete", label: t("common.delete"), icon: Trash2, permission: WRITE, danger: true, run: (one) => ask({ row: one, kind: "delete" }) }
            : { key: "release", label: t("holds.release"), icon: LockOpen, permission: WRITE, run: (one) => ask({ row: one, kind: "release" }) },
        ]} />
      {making ? <NewHold close={() => make(false)} /> : null}
      <ConfirmDialog open={!!asked} close={() => ask(undefined)} title={asked?.kind === "release" ? t("holds.release.title", { name: asked.row.name }) : t("holds.delete.title", { name: asked?.row.name ?? "" })} text={asked?.kind === "release" ? t("holds.release.text") : undefined} action={asked?.kind === "release" ? t("holds.release") : t("common.delete")}
        run={() => run(async () => (asked?.kind === "release" ? (await release({ variables: { id: asked.row.id } })).data?.releaseLegalHold : (await remove({ variables: { id: asked?.row.id ?? "" } })).data?.deleteLegalHold), { quiet: true })} />
    </Stack>
  );
}

/** A day of a form as an instant of the contract. */
function instantOf(date: string): string | null {
  return date ? new Date(`${date}T00:00:00Z`).toISOString() : null;
}

function NewHold({ close }: { close: () => void }) {
  const run = useRun();
  const choices = useChoices();
  const [create] = useMutation(CreateHold);
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [referenceNumber, setReference] = useState("");
  const [holdType, setType] = useState("");
  const [appliesToAll, setAll] = useState(true);
  const [entityTypes, setEntities] = useState<string[]>([]);
  const [users, setUsers] = useState("");
  const [from, setFrom] = useState(new Date().toISOString().slice(0, 10));
  const [until, setUntil] = useState("");
  const [custodianEmail, setCustodian] = useState("");
  const [notifyOnAccess, setNotify] = useState(false);
  const [emails, setEmails] = useState("");
  return (
    <FormDialog open close={close} title={t("holds.new")} submitLabel={t("common.create")} submit={async () => {
      if (!appliesToAll && entityTypes.length === 0) return { success: false, problems: [{ message: t("form.must", { name: t("holds.entities") }), path: ["entityTypes"] }] };
      const input = { name, description, referenceNumber, holdType: holdType || choices.holdTypes[0]?.value, appliesToAll, entityTypes: appliesToAll ? [] : entityTypes, userIdentifiers: listOf(users), effectiveDate: instantOf(from), expirationDate: instantOf(until), custodianEmail, notifyOnAccess, notificationEmails: listOf(emails) };
      const outcome = await run(async () => (await create({ variables: { input } })).data?.createLegalHold, { done: t("common.saved"), quiet: true });
      if (outcome.success) close();
      return outcome;
    }}>
      <TextField name="name" label={t("common.name")} value={name} set={setName} minLength={2} maxLength={255} required />
      <LongField name="description" label={t("common.description")} value={description} set={setDescription} rows={2} />
      <TextField name="referenceNumber" label={t("holds.reference")} value={referenceNumber} set={setReference} maxLength={100} />
      <ChoiceField name="holdType" label={t("holds.type")} value={holdType} set={setType} choices={choices.holdTypes} />
      <SwitchField label={t("holds.all.label")} value={appliesToAll} set={setAll} />
      {appliesToAll ? null : <ChecksField name="entityTypes" label={t("holds.entities")} choices={choices.entities} held={entityTypes} set={setEntities} />}
      <TextField name="userIdentifiers" label={t("holds.users")} help={t("holds.users.help")} value={users} set={setUsers} />
      <TextField name="effectiveDate" label={t("holds.effective")} type="date" value={from} set={setFrom} required />
      <TextField name="expirationDate" label={`${t("holds.expires")} (${t("common.optional")})`} type="date" value={until} set={setUntil} />
      <TextField name="custodianEmail" label={t("holds.custodian")} type="email" value={custodianEmail} set={setCustodian} />
      <TextField name="notificationEmails" label={`${t("holds.emails")} (${t("common.optional")})`} help={t("holds.emails.help")} value={emails} set={setEmails} />
      <SwitchField label={t("holds.notify")} value={notifyOnAccess} set={setNotify} />
    </FormDialog>
  );
}
