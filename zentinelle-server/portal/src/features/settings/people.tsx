"use client";
import { useMutation } from "@apollo/client/react";
import { Button, Stack, Text } from "@chakra-ui/react";
import { KeyRound, Pencil, Plus, Power } from "lucide-react";
import { useState } from "react";
import { May, useMe } from "@/lib/session";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { ChoiceField, ConfirmDialog, FormDialog, TextField } from "@/ui/dialogs";
import { useRun } from "@/lib/change";
import { RelativeTime, SecretOnce } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { Role, UsersPageQuery } from "./gql/graphql";
import { SettingsPage } from "./parts";
import { CreateUser, ResetPassword, UpdateUser, UsersPage } from "./queries";

type Row = UsersPageQuery["usersPage"]["nodes"][number];
const WRITE = "users:write";
const ROLES: readonly Role[] = ["ADMIN", "OPERATOR", "VIEWER"];

const columns = (): readonly Column<Row>[] => [
  { key: "name", label: t("common.name"), sort: "name", cell: (row) => row.name },
  { key: "email", label: t("people.email"), sort: "email", cell: (row) => row.email },
  { key: "role", label: t("people.role"), sort: "role", cell: (row) => word(row.role) },
  { key: "status", label: t("common.status"), value: (row) => (row.disabled ? "disabled" : "active"), cell: (row) => (row.lockedUntil ? <StatusBadge value="suspended" label={t("people.state.locked")} /> : <StatusBadge value={row.disabled ? "disabled" : "active"} />) },
  { key: "totpEnabled", label: t("people.totp"), cell: (row) => (row.totpEnabled ? <StatusBadge value="enabled" label={t("common.yes")} /> : <StatusBadge value="warn" label={t("common.no")} />) },
  { key: "lastSignInAt", label: t("people.seen"), sort: "lastSignInAt", cell: (row) => <RelativeTime at={row.lastSignInAt} empty={t("common.never")} /> },
];

export function People() {
  const me = useMe();
  const run = useRun();
  const [update] = useMutation(UpdateUser);
  const [reset] = useMutation(ResetPassword);
  const [edited, edit] = useState<Row | "new">();
  const [asked, ask] = useState<Row>();
  const [fresh, setFresh] = useState<{ name: string; password: string }>();
  const filters: readonly Filter[] = [{ key: "role", label: t("people.role"), kind: "many", choices: ROLES.map((value) => ({ value })) }, { key: "disabled", label: word("disabled"), kind: "yesno" }];
  const add = <May permission={WRITE}><Button size="sm" onClick={() => edit("new")}><Plus size={15} aria-hidden /> {t("people.new")}</Button></May>;
  return (
    <SettingsPage title={t("nav.people")} lead={t("people.lead")} permission="users:read" actions={add}>
      <DataTable name="people" label={t("nav.people")} document={UsersPage} select={(page) => page.usersPage} columns={columns()} filters={filters} rowId={(row) => row.id} rowName={(row) => row.name} empty={{ title: t("people.empty"), action: add }}
        rowActions={(row) => [
          { key: "edit", label: t("common.edit"), icon: Pencil, permission: WRITE, run: edit },
          { key: "reset", label: t("people.reset"), icon: KeyRound, permission: WRITE, run: (one) => void run(async () => (await reset({ variables: { id: one.id } })).data?.resetPassword).then(({ payload }) => payload?.temporaryPassword && setFresh({ name: one.name, password: payload.temporaryPassword })) },
          ...(row.id === me.id ? [] : row.disabled ? [{ key: "enable", label: t("people.enable"), icon: Power, permission: WRITE, run: (one: Row) => void run(async () => (await update({ variables: { id: one.id, disabled: false } })).data?.updateUser, { done: t("common.saved") }) }]
            : [{ key: "disable", label: t("people.disable"), icon: Power, permission: WRITE, danger: true, run: ask }]),
        ]} />
      {edited ? <PersonForm person={edited === "new" ? undefined : edited} close={() => edit(undefined)} /> : null}
      <FormDialog open={!!fresh} close={() => setFresh(undefined)} title={t("people.temporary", { name: fresh?.name ?? "" })} submit={async () => ({ success: true, problems: [] })} after={<Stack><SecretOnce value={fresh?.password ?? ""} /><Text fontSize="sm" color="fg.muted">{t("people.temporary.text")}</Text></Stack>}>{null}</FormDialog>
      <ConfirmDialog open={!!asked} close={() => ask(undefined)} title={t("people.disable.title", { name: asked?.name ?? "" })} text={t("people.disable.text")} action={t("people.disable")} run={() => run(async () => (await update({ variables: { id: asked?.id ?? "", disabled: true } })).data?.updateUser, { quiet: true })} />
    </SettingsPage>
  );
}

function PersonForm({ person, close }: { person?: Row; close: () => void }) {
  const run = useRun();
  const [create] = useMutation(CreateUser);
  const [update] = useMutation(UpdateUser);
  const [name, setName] = useState(person?.name ?? "");
  const [email, setEmail] = useState(person?.email ?? "");
  const [role, setRole] = useState<Role>(person?.role ?? "VIEWER");
  const [password, setPassword] = useState<string>();
  return (
    <FormDialog open close={close} title={person ? t("people.edit", { name: person.name }) : t("people.new")} submitLabel={person ? t("common.save") : t("common.create")}
      after={password ? <Stack><Text fontWeight="medium">{t("people.temporary", { name })}</Text><SecretOnce value={password} /><Text fontSize="sm" color="fg.muted">{t("people.temporary.text")}</Text></Stack> : undefined}
      submit={async () => {
        if (person) {
          const outcome = await run(async () => (await update({ variables: { id: person.id, name, role } })).data?.updateUser, { quiet: true });
          if (outcome.success) close();
          return outcome;
        }
        const outcome = await run(async () => (await create({ variables: { email, name, role } })).data?.createUser, { quiet: true });
        if (outcome.success) outcome.payload?.temporaryPassword ? setPassword(outcome.payload.temporaryPassword) : close();
        return outcome;
      }}>
      <TextField name="name" label={t("common.name")} value={name} set={setName} required />
      <TextField name="email" label={t("people.email")} type="email" value={email} set={setEmail} readOnly={!!person} required />
      <ChoiceField name="role" label={t("people.role")} value={role} set={(value) => setRole(value as Role)} choices={ROLES.map((value) => ({ value, label: t(`people.role.${value}`) }))} />
    </FormDialog>
  );
}
