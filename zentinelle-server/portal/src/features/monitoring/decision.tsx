// From what was decided to why: the rule, its policy and version, the input, the agent and the user.
"use client";
import { Box, Flex, HStack, SimpleGrid, Stack, Table, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { ArrowRight, Bot, FileInput, FlaskConical, type LucideIcon, Scale, ShieldCheck, UserRound } from "lucide-react";
import type { ReactNode } from "react";
import { duration, instant, number, person, usd } from "@/lib/format";
import { subjectOf } from "@/lib/json";
import { May } from "@/lib/session";
import { hrefFor, useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Card, Loaded, MissingState, Page } from "@/ui/page";
import { Facts, GoButton, GoTo, Identifier, JsonText, RelativeTime, Told } from "@/ui/small";
import type { DecisionQuery } from "./gql/graphql";
import { PointedRule } from "./pointed-rule";
import { Decision } from "./queries";
import { Verdict } from "./verdict";

export type DecisionRow = NonNullable<DecisionQuery["decision"]>;
type Said = DecisionRow["policies"][number];

export function DecisionDetail() {
  const id = useUrlState().get("id") ?? "";
  const result = useQuery(Decision, { variables: { id }, skip: !id });
  const decision = result.data?.decision;
  return (
    <Page title={decision ? [word(decision.action), subjectOf(decision.context)].filter(Boolean).join(": ") : t("nav.decision")} permission="evaluations:read" badge={decision ? <Verdict allowed={decision.allowed} dryRun={decision.dryRun} /> : null} lead={decision?.reason ? <Told text={decision.reason} /> : (decision?.allowed ? t("decision.allowedWhy") : undefined)}
      actions={decision ? (
        <>
          {decision.sessionId ? <GoButton href={hrefFor("session", decision.sessionId)} variant="outline">{t("decision.toSession")}</GoButton> : null}
          <May permission="policies:read"><GoButton href={`/playground/?decision=${decision.id}`} variant="outline"><FlaskConical size={15} aria-hidden /> {t("decision.toPlayground")}</GoButton></May>
        </>
      ) : null}>
      {!id ? <MissingState /> : <Loaded result={result} permission="evaluations:read">{({ decision: found }) => (found ? <Body decision={found} /> : <MissingState><GoTo href="/monitoring/?tab=decisions">{t("monitoring.decisions")}</GoTo></MissingState>)}</Loaded>}
    </Page>
  );
}

/** The policy that made the outcome: the first that was violated and enforced, else the first that was violated. */
function deciding(decision: DecisionRow): Said | undefined {
  const violated = decision.policies.filter((one) => one.verdict === "violated");
  return violated.find((one) => one.enforcement === "enforce") ?? violated[0];
}

function Step({ icon: Icon, label, children, last }: { icon: LucideIcon; label: string; children: ReactNode; last?: boolean }) {
  return (
    <Flex as="li" align="center" gap="3" flex="1 1 10rem" minW="0">
      <Box borderWidth="1px" borderColor="border" rounded="l2" p="3" bg="bg.subtle" flex="1" minW="0" h="100%">
        <HStack gap="1.5" color="fg.muted" fontSize="xs" mb="1"><Icon size={13} aria-hidden /> {label}</HStack>
        <Box fontSize="sm" fontWeight="medium" wordBreak="break-word">{children}</Box>
      </Box>
      {last ? null : <Box color="fg.subtle" display={{ base: "none", lg: "block" }} aria-hidden><ArrowRight size={16} /></Box>}
    </Flex>
  );
}

function Body({ decision }: { decision: DecisionRow }) {
  const cause = deciding(decision);
  return (
    <Stack gap="4">
      <Card title={t("decision.path")}>
        <Flex as="ol" listStyleType="none" gap="3" wrap="wrap">
          <Step icon={UserRound} label={t("decision.user")}>{decision.userIdentifier || t("decision.noUser")}</Step>
          <Step icon={Bot} label={t("decision.agent")}>{decision.endpoint ? <GoTo href={hrefFor("agent", decision.endpoint.id)}>{decision.endpoint.name}</GoTo> : decision.agentId}</Step>
          <Step icon={FileInput} label={t("decision.action")}>{word(decision.action)}{subjectOf(decision.context) ? <Text as="span" display="block" fontFamily="mono" fontSize="xs">{subjectOf(decision.context)}</Text> : null}</Step>
          <Step icon={ShieldCheck} label={t("decision.policy")}>
            {cause ? <><GoTo href={hrefFor("policy", cause.policyId)}>{cause.policyName}</GoTo>{cause.version ? <Text as="span" color="fg.muted"> · {t("decision.version", { version: cause.version })}</Text> : null}</> : t("decision.noCause")}
          </Step>
          <Step icon={Scale} label={t("decision.rule")} last>{cause?.pointer ? <Text as="code" fontSize="xs">{cause.pointer}</Text> : cause?.code ?? "–"}</Step>
        </Flex>
      </Card>
      {cause ? <PointedRule said={cause} context={decision.context} /> : null}
      <Card flush title={`${t("decision.said")} (${decision.policies.length})`}>
        {decision.policies.length === 0 ? <Text px="4" pb="4" fontSize="sm" color="fg.muted">{t("decision.noPolicies")}</Text> : (
          <Box overflowX="auto" tabIndex={0} role="region" aria-label={t("decision.said")}>
            <Table.Root size="sm">
              <Table.Header bg="bg.subtle"><Table.Row bg="transparent">
                {[t("decision.policy"), t("common.type"), t("decision.verdict"), t("decision.enforcement"), t("decision.message"), t("decision.pointer")].map((one) => <Table.ColumnHeader key={one} color="fg.muted" fontSize="xs">{one}</Table.ColumnHeader>)}
              </Table.Row></Table.Header>
              <Table.Body>
                {decision.policies.map((one, index) => (
                  <Table.Row key={index} bg={one === cause ? "critical.bg" : "transparent"} verticalAlign="top">
                    <Table.Cell><GoTo href={hrefFor("policy", one.policyId)}>{one.policyName}</GoTo>{one.version ? <Text fontSize="xs" color="fg.muted">{t("decision.version", { version: one.version })}</Text> : null}</Table.Cell>
                    <Table.Cell><Tag>{word(one.policyType)}</Tag></Table.Cell>
                    <Table.Cell><StatusBadge value={one.verdict} /></Table.Cell>
                    <Table.Cell><StatusBadge value={one.enforcement} /></Table.Cell>
                    <Table.Cell minW="14rem"><Told text={one.message} />{one.code ? <Text fontSize="xs" color="fg.muted">{one.code}</Text> : null}</Table.Cell>
                    <Table.Cell fontFamily="mono" fontSize="xs">{one.pointer || "–"}</Table.Cell>
                  </Table.Row>
                ))}
              </Table.Body>
            </Table.Root>
          </Box>
        )}
      </Card>
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap="4" alignItems="start">
        <Card title={t("decision.input")}>
          <Text fontSize="xs" color="fg.muted" mb="2">{t("decision.masked")}</Text>
          {decision.context ? <JsonText value={decision.context} /> : <Text fontSize="sm" color="fg.muted">{t("decision.noInput")}</Text>}
        </Card>
        <Stack gap="4">
          <Card title={t("decision.facts")}>
            <Facts items={[
              [t("decision.at"), instant(decision.decidedAt)], [t("decision.took"), duration(decision.durationUs)], [t("decision.risk"), number(decision.riskScore)], [t("decision.code"), decision.code || "–"], [t("decision.source"), word(decision.source)],
              decision.endpoint?.agentGroup ? [t("decision.group"), `${decision.endpoint.agentGroup.name} · ${word(decision.endpoint.agentGroup.tier)}`] : null,
              [t("decision.session"), decision.sessionId ? <GoTo key="s" href={hrefFor("session", decision.sessionId)}>{decision.sessionId}</GoTo> : "–"],
              [t("event.correlation"), decision.correlationId ? <GoTo key="c" href={`/monitoring/session/?correlation=${encodeURIComponent(decision.correlationId)}`}>{decision.correlationId}</GoTo> : "–"],
              [t("common.id"), <Identifier key="id" value={decision.id} />],
            ]} />
            {decision.warnings.length > 0 ? <Box mt="4"><Text fontSize="xs" fontWeight="semibold" color="fg.muted" mb="1">{t("decision.warnings")}</Text><Stack as="ul" gap="1" fontSize="sm" color="medium.fg" ps="4" listStyleType="disc">{decision.warnings.map((one, index) => <li key={index}><Told text={one} /></li>)}</Stack></Box> : null}
          </Card>
          {decision.approval ? (
            <Card title={t("decision.approval")} actions={<StatusBadge value={decision.approval.status} />}>
              <Facts items={[[t("decision.asked"), <RelativeTime key="a" at={decision.approval.requestedAt} />], [t("decision.answeredBy"), person(decision.approval.resolvedBy)], [t("decision.comment"), decision.approval.comment || "–"], [t("common.open"), <GoTo key="o" href={hrefFor("approval", decision.approval.id)}>{t("nav.approvals")}</GoTo>]]} />
            </Card>
          ) : null}
          <Card title={`${t("monitoring.calls")} (${decision.interactions.length})`}>
            {decision.interactions.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("decision.noCalls")}</Text> : (
              <Stack gap="2" fontSize="sm">
                {decision.interactions.map((one) => <HStack key={one.id} justify="space-between" wrap="wrap"><GoTo href={`/monitoring/?tab=calls&call=${one.id}`}>{one.aiModel || word(one.interactionType)}</GoTo><Text color="fg.muted">{number(one.totalTokens)} {t("call.tokens").toLowerCase()} · {usd(one.estimatedCostUsd)} · <RelativeTime at={one.occurredAt} /></Text></HStack>)}
              </Stack>
            )}
          </Card>
        </Stack>
      </SimpleGrid>
    </Stack>
  );
}
