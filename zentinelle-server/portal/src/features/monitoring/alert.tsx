// One alert: what raised it, what was found, what was done about it.
"use client";
import { Button, HStack, SimpleGrid, Stack, Table, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { Check, Eye, Siren, X } from "lucide-react";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { instant, person } from "@/lib/format";
import { May } from "@/lib/session";
import { hrefFor, useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { FormDialog, LongField } from "@/ui/dialogs";
import { Card, Loaded, MissingState, Page } from "@/ui/page";
import { Facts, FoundText, GoButton, GoTo, Identifier, JsonText, RelativeTime } from "@/ui/small";
import type { AlertQuery } from "./gql/graphql";
import { AcknowledgeAlert, Alert, DismissAlert, ResolveAlert } from "./queries";
import { Outcome } from "./outcome-badge";

type AlertRow = NonNullable<AlertQuery["complianceAlert"]>;

export function AlertDetail() {
  const id = useUrlState().get("id") ?? "";
  const result = useQuery(Alert, { variables: { id }, skip: !id });
  const alert = result.data?.complianceAlert;
  return (
    <Page title={alert?.title ?? t("nav.alert")} permission="alerts:read" badge={alert ? <><StatusBadge value={alert.severity} /><StatusBadge value={alert.status} /></> : null} actions={alert ? <Actions alert={alert} /> : null}>
      {!id ? <MissingState /> : <Loaded result={result} permission="alerts:read">{({ complianceAlert: found }) => (found ? <Body alert={found} /> : <MissingState><GoTo href="/monitoring/?tab=alerts">{t("alert.title")}</GoTo></MissingState>)}</Loaded>}
    </Page>
  );
}

function Actions({ alert }: { alert: AlertRow }) {
  const acknowledge = useChange(AcknowledgeAlert);
  const dismiss = useChange(DismissAlert);
  const resolve = useChange(ResolveAlert);
  const [open, setOpen] = useState(false);
  const [notes, setNotes] = useState("");
  const over = ["resolved", "false_positive", "dismissed"].includes(alert.status);
  const submit = async () => {
    const outcome = await resolve({ id: alert.id, notes }, t("incident.resolved"));
    if (outcome.success) setOpen(false);
    return outcome;
  };
  return (
    <>
      <May permission="incidents:write"><GoButton href={`/risk/?tab=incidents&new=incident&alert=${alert.id}`} variant="outline"><Siren size={15} aria-hidden /> {t("incident.new")}</GoButton></May>
      <May permission="alerts:write">
        {over ? null : <Button size="sm" variant="outline" onClick={async () => sayProblems(await dismiss({ id: alert.id }, t("alert.dismissed")))}><X size={15} aria-hidden /> {t("alert.dismiss")}</Button>}
        {over ? null : <Button size="sm" variant={alert.status === "open" ? "outline" : "solid"} onClick={() => setOpen(true)}><Check size={15} aria-hidden /> {t("incident.resolve")}</Button>}
        {alert.status === "open" ? <Button size="sm" onClick={async () => sayProblems(await acknowledge({ id: alert.id }, t("incident.acknowledged")))}><Eye size={15} aria-hidden /> {t("incident.acknowledge")}</Button> : null}
        <FormDialog open={open} close={() => setOpen(false)} title={t("alert.resolve")} submit={submit} submitLabel={t("incident.resolve")}>
          <LongField name="notes" label={t("alert.notes")} help={t("alert.notes.help")} value={notes} set={setNotes} />
        </FormDialog>
      </May>
    </>
  );
}

function Body({ alert }: { alert: AlertRow }) {
  return (
    <SimpleGrid columns={{ base: 1, xl: 3 }} gap="4" alignItems="start">
      <Stack gap="4" gridColumn={{ xl: "span 2" }} minW="0">
        <Card title={t("alert.what")}><Text whiteSpace="pre-wrap">{alert.description || "–"}</Text></Card>
        <Card flush title={`${t("scanner.findings")} (${alert.violations.length})`}>
          {alert.violations.length === 0 ? <Text px="4" pb="4" fontSize="sm" color="fg.muted">{t("alert.noFindings")}</Text> : (
            <Table.ScrollArea tabIndex={0} role="region" aria-label={t("scanner.findings")}>
              <Table.Root size="sm">
                <Table.Header bg="bg.subtle"><Table.Row bg="transparent">{[t("scanner.rule"), t("risk.severity"), t("scanner.matched"), t("scanner.done"), t("live.at")].map((one) => <Table.ColumnHeader key={one} fontSize="xs" color="fg.muted">{one}</Table.ColumnHeader>)}</Table.Row></Table.Header>
                <Table.Body>
                  {alert.violations.map((one) => (
                    <Table.Row key={one.id} bg="transparent">
                      <Table.Cell>{one.ruleName || word(one.ruleType)}<Tag ms="2">{word(one.ruleType)}</Tag></Table.Cell>
                      <Table.Cell><StatusBadge value={one.severity} /></Table.Cell>
                      <Table.Cell><FoundText text={one.matchedText} /></Table.Cell>
                      <Table.Cell><Outcome row={one} /></Table.Cell>
                      <Table.Cell><RelativeTime at={one.createdAt} /></Table.Cell>
                    </Table.Row>
                  ))}
                </Table.Body>
              </Table.Root>
            </Table.ScrollArea>
          )}
        </Card>
        <Card title={t("alert.metadata")}><JsonText value={alert.metadata} /></Card>
      </Stack>
      <Stack gap="4" minW="0">
        <Card title={t("incident.facts")}>
          <Facts items={[
            [t("common.type"), word(alert.alertType)], [t("common.created"), instant(alert.createdAt)],
            [t("decision.agent"), alert.endpoint ? <HStack key="a"><GoTo href={hrefFor("agent", alert.endpoint.id)}>{alert.endpoint.name}</GoTo><StatusBadge value={alert.endpoint.health} /></HStack> : "–"],
            [t("decision.user"), alert.userIdentifier || "–"], [t("scanner.findings"), String(alert.violationCount)],
            [t("alert.first"), instant(alert.firstViolationAt)], [t("alert.last"), instant(alert.lastViolationAt)],
            [t("alert.acknowledged"), alert.acknowledgedAt ? `${instant(alert.acknowledgedAt)} · ${person(alert.acknowledgedByUsername)}` : "–"],
            [t("alert.resolved"), alert.resolvedAt ? `${instant(alert.resolvedAt)} · ${person(alert.resolvedByUsername)}` : "–"],
            [t("common.id"), <Identifier key="id" value={alert.id} short />],
          ]} />
        </Card>
        {alert.resolutionNotes ? <Card title={t("alert.notes")}><Text whiteSpace="pre-wrap" fontSize="sm">{alert.resolutionNotes}</Text></Card> : null}
      </Stack>
    </SimpleGrid>
  );
}
