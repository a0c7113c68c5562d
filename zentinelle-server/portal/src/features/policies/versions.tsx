// The versions of a policy, what changed between two of them, and the policy as a file.
"use client";
import { useApolloClient, useMutation, useQuery } from "@apollo/client/react";
import { Box, Button, HStack, Stack, Table, Text } from "@chakra-ui/react";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { attempt } from "@/lib/outcome";
import { May } from "@/lib/session";
import { saveFile } from "@/lib/save-file";
import { useUrlState } from "@/lib/url";
import { t } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { CodeEditor } from "@/ui/code-editor";
import { ChoiceField, ConfirmDialog } from "@/ui/dialogs";
import { JsonDiff } from "@/ui/diff";
import { Card, Loaded } from "@/ui/page";
import { RelativeTime } from "@/ui/small";
import { tell } from "@/ui/toasts";
import type { PolicyQuery } from "./gql/graphql";
import { PolicyDiff, PolicyExport, PolicyRevisions, RestorePolicy } from "./queries";
import { person } from "@/lib/format";

type Kept = NonNullable<PolicyQuery["policy"]>;

export function Versions({ policy }: { policy: Kept }) {
  const url = useUrlState();
  const client = useApolloClient();
  const result = useQuery(PolicyRevisions, { variables: { id: policy.id }, fetchPolicy: "cache-and-network" });
  const [restore] = useMutation(RestorePolicy);
  const [wanted, want] = useState<number>();
  const versions = result.data?.policyRevisions.map((one) => one.version).sort((a, b) => b - a) ?? [];
  const to = Number(url.get("to") ?? versions[0] ?? 0);
  const from = Number(url.get("from") ?? versions.find((one) => one < to) ?? 0);
  const diff = useQuery(PolicyDiff, { variables: { id: policy.id, from, to }, skip: !from || !to || from === to });
  const choices = versions.map((one) => ({ value: String(one), label: one === versions[0] ? `${one} (${t("policies.versions.now")})` : String(one) }));
  return (
    <Stack gap="4">
      <Loaded result={result}>
        {({ policyRevisions }) => (
          <Card title={t("policies.tab.versions")} flush>
            <Box overflowX="auto" tabIndex={0}>
              <Table.Root size="sm">
                <Table.Header><Table.Row>{[t("policies.version"), t("common.updated"), t("policies.author"), t("policies.enforcement"), ""].map((one, index) => <Table.ColumnHeader key={index} ps={index === 0 ? "4" : undefined}>{one}</Table.ColumnHeader>)}</Table.Row></Table.Header>
                <Table.Body>
                  {[...policyRevisions].sort((a, b) => b.version - a.version).map((one) => (
                    <Table.Row key={one.version}>
                      <Table.Cell ps="4" fontWeight="medium">{one.version}</Table.Cell>
                      <Table.Cell><RelativeTime at={one.createdAt} /></Table.Cell>
                      <Table.Cell>{person(one.changedBy)}<Text fontSize="xs" color="fg.muted">{one.changeSummary}</Text></Table.Cell>
                      <Table.Cell><StatusBadge value={one.enforcement} /></Table.Cell>
                      <Table.Cell textAlign="end">
                        {one.version === versions[0] ? null : (
                          <HStack justify="flex-end">
                            <Button size="xs" variant="ghost" onClick={() => url.set({ from: one.version, to: versions[0] })}>{t("policies.versions.compare")}</Button>
                            <May permission="policies:write"><Button size="xs" variant="outline" onClick={() => want(one.version)}><RotateCcw size={12} aria-hidden /> {t("policies.versions.restore")}</Button></May>
                          </HStack>
                        )}
                      </Table.Cell>
                    </Table.Row>
                  ))}
                </Table.Body>
              </Table.Root>
            </Box>
          </Card>
        )}
      </Loaded>
      {versions.length > 1 ? (
        <Card title={t("policies.versions.difference", { from, to })} actions={
          <HStack gap="3" align="flex-end">
            <ChoiceField name="from" label={t("policies.versions.from")} value={String(from)} set={(value) => url.set({ from: value })} choices={choices} />
            <ChoiceField name="to" label={t("policies.versions.to")} value={String(to)} set={(value) => url.set({ to: value })} choices={choices} />
          </HStack>
        }>
          {from === to ? <JsonDiff changes={[]} /> : <Loaded result={diff}>{({ policyDiff }) => <JsonDiff changes={policyDiff} />}</Loaded>}
        </Card>
      ) : result.data ? <Text fontSize="sm" color="fg.muted">{t("policies.versions.none")}</Text> : null}
      <ConfirmDialog open={wanted !== undefined} close={() => want(undefined)} danger={false} title={t("policies.versions.restore.title", { version: wanted ?? 0 })} text={t("policies.versions.restore.text")} action={t("policies.versions.restore")}
        run={async () => {
          const outcome = await attempt(async () => (await restore({ variables: { id: policy.id, version: wanted ?? 0 } })).data?.restorePolicy);
          if (outcome.success) {
            tell.done(t("policies.versions.restored", { version: wanted ?? 0 }));
            url.set({ from: null, to: null });
            await client.refetchQueries({ include: "active" });
          }
          return outcome;
        }} />
    </Stack>
  );
}

export function AsFile({ policy }: { policy: Kept }) {
  const result = useQuery(PolicyExport, { variables: { ids: [policy.id] } });
  return (
    <Loaded result={result}>
      {({ policyExport }) => (
        <Card title={t("policies.tab.yaml")} actions={<Button size="xs" variant="outline" onClick={() => saveFile(`${policy.name.replace(/\W+/g, "-").toLowerCase()}.yaml`, policyExport, "application/yaml")}>{t("policies.file")}</Button>}>
          <CodeEditor label={t("policies.tab.yaml")} language="yaml" value={policyExport} readOnly minHeight="12rem" />
        </Card>
      )}
    </Loaded>
  );
}
