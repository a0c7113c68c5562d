"use client";
import { useMutation } from "@apollo/client/react";
import { Button, HStack, Text } from "@chakra-ui/react";
import { Pencil, Plus, Send, Trash2 } from "lucide-react";
import { useState } from "react";
import { May } from "@/lib/session";
import { t } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ConfirmDialog, FormDialog, SwitchField, TextField } from "@/ui/dialogs";
import { useRun } from "@/lib/change";
import { RelativeTime, SecretOnce } from "@/ui/small";
import { type Column, DataTable } from "@/ui/table";
import type { WebhooksPageQuery } from "./gql/graphql";
import { listOf, SettingsPage, textOf } from "./parts";
import { DeleteWebhook, SaveWebhook, TestWebhook, WebhooksPage } from "./queries";

type Row = WebhooksPageQuery["webhooksPage"]["nodes"][number];
const WRITE = "webhooks:write";

const columns = (): readonly Column<Row>[] => [
  { key: "name", label: t("common.name"), sort: "name", cell: (row) => row.name },
  { key: "url", label: t("webhooks.url"), cell: (row) => <Text fontFamily="mono" fontSize="xs" truncate maxW="24rem">{row.url}</Text> },
  { key: "events", label: t("webhooks.events"), cell: (row) => <HStack gap="1" wrap="wrap">{row.events.map((one) => <Tag key={one} fontFamily="mono">{one}</Tag>)}</HStack> },
  { key: "enabled", label: t("webhooks.on"), cell: (row) => <StatusBadge value={row.enabled ? "active" : "disabled"} /> },
  { key: "lastDeliveryAt", label: t("webhooks.last"), cell: (row) => <HStack><RelativeTime at={row.lastDeliveryAt} empty={t("common.never")} />{row.lastStatus ? <StatusBadge value={row.lastStatus} /> : null}</HStack> },
];

export function Webhooks() {
  const run = useRun();
  const [remove] = useMutation(DeleteWebhook);
  const [test] = useMutation(TestWebhook);
  const [edited, edit] = useState<Row | "new">();
  const [doomed, doom] = useState<Row>();
  const add = <May permission={WRITE}><Button size="sm" onClick={() => edit("new")}><Plus size={15} aria-hidden /> {t("webhooks.new")}</Button></May>;
  return (
    <SettingsPage title={t("nav.webhooks")} lead={t("webhooks.lead")} permission="webhooks:read" actions={add}>
      <DataTable name="webhooks" label={t("nav.webhooks")} document={WebhooksPage} select={(page) => page.webhooksPage} columns={columns()} rowId={(row) => row.id} rowName={(row) => row.name} empty={{ title: t("webhooks.empty"), text: t("webhooks.empty.text"), action: add }}
        rowActions={() => [
          { key: "edit", label: t("common.edit"), icon: Pencil, permission: WRITE, run: edit },
          { key: "test", label: t("webhooks.test"), icon: Send, permission: WRITE, run: (row) => void run(async () => (await test({ variables: { id: row.id } })).data?.testWebhook, { done: t("webhooks.tested") }) },
          { key: "delete", label: t("common.delete"), icon: Trash2, permission: WRITE, danger: true, run: doom },
        ]} />
      {edited ? <Form hook={edited === "new" ? undefined : edited} close={() => edit(undefined)} /> : null}
      <ConfirmDialog open={!!doomed} close={() => doom(undefined)} title={t("webhooks.delete.title", { name: doomed?.name ?? "" })} action={t("common.delete")} run={() => run(async () => (await remove({ variables: { id: doomed?.id ?? "" } })).data?.deleteWebhook, { quiet: true })} />
    </SettingsPage>
  );
}

function Form({ hook, close }: { hook?: Row; close: () => void }) {
  const run = useRun();
  const [save] = useMutation(SaveWebhook);
  const [name, setName] = useState(hook?.name ?? "");
  const [url, setUrl] = useState(hook?.url ?? "");
  const [events, setEvents] = useState(hook ? textOf(hook.events) : "*");
  const [enabled, setEnabled] = useState(hook?.enabled ?? true);
  const [secret, setSecret] = useState<string>();
  return (
    <FormDialog open close={close} title={hook ? t("webhooks.edit", { name: hook.name }) : t("webhooks.new")} after={secret ? <><Text>{t("webhooks.secret", { name })}</Text><SecretOnce value={secret} /></> : undefined}
      submit={async () => {
        const outcome = await run(async () => (await save({ variables: { id: hook?.id ?? null, name, url, events: listOf(events), enabled } })).data?.saveWebhook, { quiet: true });
        if (outcome.success) {
          if (outcome.payload?.signingSecret && !hook) setSecret(outcome.payload.signingSecret);
          else close();
        }
        return outcome;
      }}>
      <TextField name="name" label={t("common.name")} value={name} set={setName} maxLength={255} required />
      <TextField name="url" label={t("webhooks.url")} type="url" value={url} set={setUrl} placeholder="https://" required />
      <TextField name="events" label={t("webhooks.events")} value={events} set={setEvents} help={t("webhooks.events.help")} mono required />
      <SwitchField label={t("webhooks.on")} value={enabled} set={setEnabled} />
    </FormDialog>
  );
}
