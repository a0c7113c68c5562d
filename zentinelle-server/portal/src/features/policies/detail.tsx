"use client";
import { useApolloClient, useMutation, useQuery } from "@apollo/client/react";
import { Box, Button, HStack, Stack, Tabs, Text } from "@chakra-ui/react";
import { FlaskConical, Pencil, Power } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { attempt, problemText } from "@/lib/outcome";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Card, Loaded, MissingState, Page } from "@/ui/page";
import { Facts, GoButton, GoTo, Identifier, JsonText, RelativeTime, Told } from "@/ui/small";
import { tell } from "@/ui/toasts";
import type { PolicyQuery } from "./gql/graphql";
import { Policy, PolicyDecisions, TogglePolicy } from "./queries";
import { OnOff, scopeWords } from "./words";
import { person } from "@/lib/format";

const AsFile = dynamic(() => import("./versions").then((made) => made.AsFile), { ssr: false });
const Versions = dynamic(() => import("./versions").then((made) => made.Versions), { ssr: false });

type Kept = NonNullable<PolicyQuery["policy"]>;
const TABS = ["overview", "versions", "yaml"] as const;

export function PolicyDetail() {
  const url = useUrlState();
  const id = url.get("id") ?? "";
  const result = useQuery(Policy, { variables: { id } });
  return (
    <Loaded result={result} permission="policies:read" waiting={<Page title={t("nav.policies")}>{null}</Page>}>
      {({ policy }) => (policy ? <Shown policy={policy} /> : <Page title={t("nav.policies")}><MissingState><GoButton href="/policies/" variant="outline">{t("nav.policies")}</GoButton></MissingState></Page>)}
    </Loaded>
  );
}

function Shown({ policy }: { policy: Kept }) {
  const url = useUrlState();
  const tab = url.get("tab") ?? "overview";
  const client = useApolloClient();
  const [toggle] = useMutation(TogglePolicy);
  const turn = async () => {
    const { success, problems } = await attempt(async () => (await toggle({ variables: { id: policy.id } })).data?.togglePolicyEnabled);
    if (success) tell.done(t("common.saved"));
    else tell.failed(t("form.error"), problemText(problems));
    await client.refetchQueries({ include: "active" });
  };
  return (
    <Page title={policy.name} lead={policy.description} permission="policies:read"
      badge={<><StatusBadge value={policy.enforcement} /><OnOff on={policy.enabled} /></>}
      actions={
        <>
          <GoButton href={`/playground/?policy=${policy.id}`} variant="outline"><FlaskConical size={14} aria-hidden /> {t("policies.try")}</GoButton>
          <May permission="policies:write">
            <Button size="sm" variant="outline" onClick={() => void turn()}><Power size={14} aria-hidden /> {policy.enabled ? t("policies.disable") : t("policies.enable")}</Button>
            <GoButton href={`/policies/edit/?id=${policy.id}`}><Pencil size={14} aria-hidden /> {t("common.edit")}</GoButton>
          </May>
        </>
      }>
      <Tabs.Root value={tab} onValueChange={({ value }) => url.set({ tab: value === "overview" ? null : value })} size="sm" lazyMount>
        <Tabs.List>{TABS.map((one) => <Tabs.Trigger key={one} value={one}>{t(`policies.tab.${one}`)}</Tabs.Trigger>)}</Tabs.List>
        <Tabs.Content value="overview"><Overview policy={policy} /></Tabs.Content>
        <Tabs.Content value="versions"><Versions policy={policy} /></Tabs.Content>
        <Tabs.Content value="yaml"><AsFile policy={policy} /></Tabs.Content>
      </Tabs.Root>
    </Page>
  );
}

function Overview({ policy }: { policy: Kept }) {
  const [since] = useState(() => new Date(Date.now() - 7 * 86_400_000).toISOString());
  const decisions = useQuery(PolicyDecisions, { variables: { filter: { policyId: policy.id, policyType: [policy.policyType], allowed: false, since } } });
  // The server finds denials this policy took part in; whether it was the one that stopped them, each one says.
  const stoppedBy = <One extends { policies: readonly { policyId: string; verdict: string }[] }>(found: readonly One[]) => found.filter((one) => one.policies.some((said) => said.policyId === policy.id && said.verdict === "violated"));
  const config = Object.entries((policy.config ?? {}) as Record<string, unknown>).filter(([name]) => !name.startsWith("_"));
  return (
    <Box display="grid" gap="4" gridTemplateColumns={{ base: "minmax(0,1fr)", lg: "minmax(0,1fr) minmax(0,1fr)" }} alignItems="start">
      <Card title={t("policies.config")}>
        {config.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("policies.config.empty")}</Text> : (
          <Facts items={config.map(([name, value]) => [word(name), Array.isArray(value) && value.every((one) => typeof one === "string") ? <HStack key={name} wrap="wrap" gap="1">{value.map((one) => <Tag key={String(one)} fontFamily="mono">{String(one)}</Tag>)}</HStack>
            : typeof value === "object" && value !== null ? <JsonText key={name} value={value} /> : typeof value === "boolean" ? (value ? t("common.yes") : t("common.no")) : String(value)])} />
        )}
      </Card>
      <Stack gap="4">
        <Card title={t("policies.tab.overview")}>
          <Facts items={[
            [t("policies.type"), <Tag key="type">{word(policy.policyType)}</Tag>],
            [t("policies.scope"), scopeWords(policy)],
            [t("policies.priority"), policy.priority],
            [t("policies.inheritance"), policy.inheritance === "floor" ? t("policies.inheritance.floor") : t("policies.inheritance.replace")],
            [t("policies.version"), policy.version],
            [t("policies.author"), person(policy.createdByUsername)],
            [t("common.created"), <RelativeTime key="made" at={policy.createdAt} />],
            [t("common.updated"), <RelativeTime key="changed" at={policy.updatedAt} />],
            [t("common.id"), <Identifier key="id" value={policy.id} />],
          ]} />
        </Card>
        <Card title={t("policies.recent")}>
          <Loaded result={decisions} permission="evaluations:read">
            {({ decisionsPage }) => (
              <Stack gap="2.5">
                {stoppedBy(decisionsPage.nodes).length === 0 ? <Text fontSize="sm" color="fg.muted">{t(decisionsPage.totalCount > decisionsPage.nodes.length ? "policies.recent.few" : "policies.recent.none", { count: decisionsPage.nodes.length })}</Text> : null}
                {stoppedBy(decisionsPage.nodes).slice(0, 10).map((one) => (
                  <HStack key={one.id} justify="space-between" gap="3" fontSize="sm">
                    <Box minW="0"><GoTo href={`/monitoring/decision/?id=${one.id}`}>{one.agentId}</GoTo><Text color="fg.muted" fontSize="xs" truncate><Told text={one.reason ?? word(one.action)} /></Text></Box>
                    <Text color="fg.muted" fontSize="xs" flexShrink="0"><RelativeTime at={one.decidedAt} /></Text>
                  </HStack>
                ))}
                {decisionsPage.totalCount > 0 ? <GoTo href={`/monitoring/?tab=decisions&allowed=no&since=7d&policyType=${policy.policyType}`} fontSize="sm">{t("policies.recent.all", { count: decisionsPage.totalCount, type: word(policy.policyType) })}</GoTo> : null}
              </Stack>
            )}
          </Loaded>
        </Card>
      </Stack>
    </Box>
  );
}
