"use client";
import { useQuery } from "@apollo/client/react";
import { Box, Button, HStack, Stack, Table, Tabs, Text } from "@chakra-ui/react";
import { KeyRound, Pause, Pencil, Play } from "lucide-react";
import dynamic from "next/dynamic";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useEver } from "@/lib/ever";
import { number, percent, usd } from "@/lib/format";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Card, Grid, Loaded, MissingState, Page } from "@/ui/page";
import { Facts, GoTo, Identifier, JsonText, RelativeTime, Told } from "@/ui/small";
import { StatCard } from "@/ui/stat";
import type { AgentActivityQuery, AgentActivityQueryVariables, AgentQuery } from "./gql/graphql";
import type { AgentDialog } from "./dialogs";
import { GroupName, useActivate } from "./parts";
import { Agent, AgentActivity } from "./queries";

const AgentDialogs = dynamic(() => import("./dialogs").then((made) => made.AgentDialogs), { ssr: false });
const Ladder = dynamic(() => import("@/features/policies/effective").then((made) => made.Ladder), { ssr: false });

type Known = NonNullable<AgentQuery["endpoint"]>;
type Activity = ReturnType<typeof useQuery<AgentActivityQuery, AgentActivityQueryVariables>>;

export function AgentDetail() {
  const id = useUrlState().get("id") ?? "";
  const [since] = useState(() => new Date(Date.now() - 7 * 86_400_000).toISOString());
  const result = useQuery(Agent, { variables: { id }, pollInterval: 30_000, skip: !id });
  // Asked for with the agent, not after it: the address names it already.
  const activity = useQuery(AgentActivity, { variables: { id, since }, skip: !id });
  if (!id) return <Page title={t("nav.agents")}><MissingState /></Page>;
  return (
    <Loaded result={result} permission="agents:read" waiting={<Page title={t("nav.agents")}>{null}</Page>}>
      {({ endpoint }) => (endpoint ? <Shown agent={endpoint} activity={activity} /> : <Page title={t("nav.agents")}><MissingState /></Page>)}
    </Loaded>
  );
}

function Shown({ agent, activity }: { agent: Known; activity: Activity }) {
  const url = useUrlState();
  const router = useRouter();
  const activate = useActivate();
  const [dialog, show] = useState<AgentDialog>();
  const asked = useEver(!!dialog);
  return (
    <Page title={agent.name} lead={agent.description} permission="agents:read" badge={<><StatusBadge value={agent.status} /><StatusBadge value={agent.health} /></>}
      actions={
        <May permission="agents:write">
          {agent.status === "suspended" ? <Button size="sm" variant="outline" onClick={() => void activate(agent)}><Play size={14} aria-hidden /> {t("agents.activate")}</Button> : <Button size="sm" variant="outline" onClick={() => show("suspend")}><Pause size={14} aria-hidden /> {t("agents.suspend")}</Button>}
          <Button size="sm" variant="outline" onClick={() => show("key")}><KeyRound size={14} aria-hidden /> {t("agents.newKey")}</Button>
          <Button size="sm" onClick={() => show("edit")}><Pencil size={14} aria-hidden /> {t("common.edit")}</Button>
        </May>
      }>
      <Tabs.Root value={url.get("tab") ?? "overview"} onValueChange={({ value }) => url.set({ tab: value === "overview" ? null : value })} size="sm" lazyMount>
        <Tabs.List>{(["overview", "policies", "sessions"] as const).map((one) => <Tabs.Trigger key={one} value={one}>{t(`agents.tab.${one}`)}</Tabs.Trigger>)}</Tabs.List>
        <Tabs.Content value="overview"><Overview agent={agent} activity={activity} /></Tabs.Content>
        <Tabs.Content value="policies"><Ladder endpointId={agent.id} /></Tabs.Content>
        <Tabs.Content value="sessions"><Sessions agent={agent} /></Tabs.Content>
      </Tabs.Root>
      {asked ? <AgentDialogs agent={agent} kind={dialog} close={() => show(undefined)} gone={() => router.push("/agents/")} /> : null}
    </Page>
  );
}

function Overview({ agent, activity }: { agent: Known; activity: Activity }) {
  const capabilities = Array.isArray(agent.capabilities) ? (agent.capabilities as unknown[]) : [];
  return (
    <Stack gap="4">
      <Grid min="12rem">
        <StatCard label={t("agents.session.decisions")} value={number(agent.decisions24h)} period="24 h" href={`/monitoring/?tab=decisions&endpointId=${agent.id}`} />
        <StatCard label={t("agents.session.denied")} value={number(agent.denied24h)} unit={agent.decisions24h > 0 ? percent(agent.denied24h / agent.decisions24h, 1) : undefined} period="24 h" tone={agent.denied24h > 0 ? "high" : undefined} href={`/monitoring/?tab=decisions&endpointId=${agent.id}&allowed=no`} />
        <StatCard label={t("agents.cost")} value={usd(agent.costUsd30d)} period={t("common.days", { count: 30 })} />
        <StatCard label={t("agents.seen")} value={<RelativeTime at={agent.lastHeartbeat} empty={t("common.never")} />} />
      </Grid>
      <Box display="grid" gap="4" gridTemplateColumns={{ base: "minmax(0,1fr)", lg: "minmax(0,1fr) minmax(0,1fr)" }} alignItems="start">
        <Card title={t("agents.identity")}>
          <Facts items={[
            [t("agents.agentId"), <Identifier key="a" value={agent.agentId} />],
            [t("agents.type"), <Tag key="t">{word(agent.agentType)}</Tag>],
            [t("agents.group"), agent.agentGroup ? <GoTo key="g" href={`/agent-groups/?open=${agent.agentGroup.id}`}><GroupName group={agent.agentGroup} /></GoTo> : t("agents.noGroup")],
            [t("agents.key"), `${agent.apiKeyPrefix}…`],
            agent.keyExpiresAt ? [t("agents.key.expires"), <RelativeTime key="e" at={agent.keyExpiresAt} />] : null,
            [t("agents.capabilities"), capabilities.length > 0 ? <HStack key="c" wrap="wrap" gap="1">{capabilities.map((one) => <Tag key={String(one)}>{String(one)}</Tag>)}</HStack> : "–"],
            [t("common.created"), <RelativeTime key="m" at={agent.createdAt} />],
            [t("agents.metadata"), <JsonText key="j" value={agent.metadata} maxH="40" />],
          ]} />
        </Card>
        <Loaded result={activity} permission="evaluations:read">
          {({ denied }) => (
            <Stack gap="4">
              <Card title={`${t("agents.deniedLately")} (${number(denied.totalCount)})`} actions={<GoTo href={`/monitoring/?tab=decisions&endpointId=${agent.id}`} fontSize="sm">{t("agents.allDecisions")}</GoTo>}>
                {denied.nodes.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("agents.deniedLately.none")}</Text> : (
                  <Stack gap="2.5">
                    {denied.nodes.map((one) => (
                      <HStack key={one.id} justify="space-between" gap="3" align="flex-start" fontSize="sm">
                        <Box minW="0"><GoTo href={`/monitoring/decision/?id=${one.id}`}>{word(one.code ?? one.action)}</GoTo><Text fontSize="xs" color="fg.muted" lineClamp={2}><Told text={one.reason} /></Text></Box>
                        <Text fontSize="xs" color="fg.muted" flexShrink="0"><RelativeTime at={one.decidedAt} /></Text>
                      </HStack>
                    ))}
                  </Stack>
                )}
              </Card>
            </Stack>
          )}
        </Loaded>
      </Box>
    </Stack>
  );
}

function Sessions({ agent }: { agent: Known }) {
  if (agent.sessions.length === 0) return <Text fontSize="sm" color="fg.muted">{t("agents.sessions.none")}</Text>;
  return (
    <Card flush>
      <Box overflowX="auto" tabIndex={0}>
        <Table.Root size="sm">
          <Table.Header><Table.Row>{["session", "session.user", "session.started", "session.last", "session.decisions", "session.denied"].map((one) => <Table.ColumnHeader key={one} px="4">{t(`agents.${one}` as "agents.session")}</Table.ColumnHeader>)}</Table.Row></Table.Header>
          <Table.Body>
            {agent.sessions.map((one) => (
              <Table.Row key={one.sessionId}>
                <Table.Cell px="4"><GoTo href={`/monitoring/session/?id=${encodeURIComponent(one.sessionId)}`}>{one.sessionId}</GoTo></Table.Cell>
                <Table.Cell px="4">{one.userIdentifier || "–"}</Table.Cell>
                <Table.Cell px="4"><RelativeTime at={one.startedAt} /></Table.Cell>
                <Table.Cell px="4"><RelativeTime at={one.lastSeenAt} /></Table.Cell>
                <Table.Cell px="4">{number(one.decisions)}</Table.Cell>
                <Table.Cell px="4">{number(one.denied)}</Table.Cell>
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
    </Card>
  );
}
