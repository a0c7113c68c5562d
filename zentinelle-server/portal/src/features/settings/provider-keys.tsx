"use client";
import { useMutation, useQuery } from "@apollo/client/react";
import { Box, Button, HStack, Table } from "@chakra-ui/react";
import { Plus } from "lucide-react";
import { useState } from "react";
import { May } from "@/lib/session";
import { t, word } from "@/messages";
import { ChoiceField, ConfirmDialog, FormDialog, TextField } from "@/ui/dialogs";
import { Card, Loaded, NothingState } from "@/ui/page";
import { useRun } from "@/lib/change";
import { RelativeTime } from "@/ui/small";
import type { ProviderKeysQuery } from "./gql/graphql";
import { SettingsPage } from "./parts";
import { DeleteProviderKey, ProviderKeys as Query, SaveProviderKey } from "./queries";

type Row = ProviderKeysQuery["providerKeys"][number];
const WRITE = "secrets:write";

export function ProviderKeys() {
  const result = useQuery(Query, { fetchPolicy: "cache-and-network" });
  const run = useRun();
  const [remove] = useMutation(DeleteProviderKey);
  const [edited, edit] = useState<Row | "new">();
  const [doomed, doom] = useState<Row>();
  const add = <May permission={WRITE}><Button size="sm" onClick={() => edit("new")}><Plus size={15} aria-hidden /> {t("providers.add")}</Button></May>;
  return (
    <SettingsPage title={t("nav.providerKeys")} lead={t("providers.lead")} permission="secrets:read" actions={add}>
      <Loaded result={result}>
        {({ providerKeys, aiProviders }) => (
          <>
            <Card flush>
              {providerKeys.length === 0 ? <NothingState title={t("providers.empty")} text={t("providers.empty.text")}>{add}</NothingState> : (
                <Box overflowX="auto" tabIndex={0}>
                  <Table.Root size="sm">
                    <Table.Header><Table.Row>{[t("providers.name"), t("providers.provider"), t("common.updated"), ""].map((one, index) => <Table.ColumnHeader key={index} px="4">{one}</Table.ColumnHeader>)}</Table.Row></Table.Header>
                    <Table.Body>
                      {providerKeys.map((one) => (
                        <Table.Row key={one.name}>
                          <Table.Cell px="4" fontWeight="medium">{one.name}</Table.Cell>
                          <Table.Cell px="4">{word(one.provider)}</Table.Cell>
                          <Table.Cell px="4"><RelativeTime at={one.updatedAt} /></Table.Cell>
                          <Table.Cell px="4"><May permission={WRITE}><HStack justify="flex-end"><Button size="xs" variant="outline" onClick={() => edit(one)}>{t("providers.rotate")}</Button><Button size="xs" variant="ghost" color="critical.fg" onClick={() => doom(one)}>{t("common.delete")}</Button></HStack></May></Table.Cell>
                        </Table.Row>
                      ))}
                    </Table.Body>
                  </Table.Root>
                </Box>
              )}
            </Card>
            {edited ? <KeyForm kept={edited === "new" ? undefined : edited} providers={aiProviders} close={() => edit(undefined)} /> : null}
          </>
        )}
      </Loaded>
      <ConfirmDialog open={!!doomed} close={() => doom(undefined)} title={t("providers.delete.title", { name: doomed?.name ?? "" })} text={t("providers.delete.text")} action={t("common.delete")} run={() => run(async () => (await remove({ variables: { name: doomed?.name ?? "" } })).data?.deleteProviderKey, { quiet: true })} />
    </SettingsPage>
  );
}

function KeyForm({ kept, providers, close }: { kept?: Row; providers: ProviderKeysQuery["aiProviders"]; close: () => void }) {
  const run = useRun();
  const [save] = useMutation(SaveProviderKey);
  const [provider, setProvider] = useState(kept?.provider ?? providers[0]?.slug ?? "anthropic");
  const [name, setName] = useState(kept?.name ?? "");
  const [key, setKey] = useState("");
  const choices = (providers.length > 0 ? providers : [{ slug: "anthropic", name: "Anthropic" }, { slug: "openai", name: "OpenAI" }, { slug: "google", name: "Google" }]).map((one) => ({ value: one.slug, label: one.name }));
  return (
    <FormDialog open close={close} size="sm" title={kept ? `${t("providers.rotate")}: ${kept.name}` : t("providers.add")} submit={async () => {
      const outcome = await run(async () => (await save({ variables: { name: name || provider, provider, key } })).data?.saveProviderKey, { done: t("common.saved"), quiet: true });
      if (outcome.success) close();
      return outcome;
    }}>
      {kept ? null : <ChoiceField name="provider" label={t("providers.provider")} value={provider} set={setProvider} choices={choices} />}
      {kept ? null : <TextField name="name" label={t("providers.name")} value={name} set={setName} placeholder={provider} />}
      <TextField name="key" label={t("providers.key")} type="password" autoComplete="off" value={key} set={setKey} required mono />
    </FormDialog>
  );
}
