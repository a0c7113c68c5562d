// One incident: its clock, its states, who works on it, what was found, said and kept as evidence.
"use client";
import { Button, HStack, Input, SimpleGrid, Stack, Text, Wrap } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { Check, Eye, Pencil, UserRoundPlus } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { instant, longDuration, person } from "@/lib/format";
import { asWords } from "@/lib/json";
import type { Outcome } from "@/lib/outcome";
import { May, useMe } from "@/lib/session";
import { hrefFor, useUrlState } from "@/lib/url";
import { type MessageKey, t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { FormDialog, LongField } from "@/ui/dialogs";
import { Card, Loaded, MissingState, Page } from "@/ui/page";
import { Facts, GoTo, Identifier, Told } from "@/ui/small";
import type { IncidentRow } from "./incident-form";
import { Comments, Evidence, History } from "./incident-work";
import { AcknowledgeIncident, AssignIncident, CloseIncident, IncidentRecord, ResolveIncident, UpdateIncident } from "./queries";
import { Score } from "./scale";
import { SlaClock } from "./sla-clock";

const FindingsDialog = dynamic(() => import("./incident-form").then((made) => made.FindingsDialog), { ssr: false });

export function IncidentDetail() {
  const id = useUrlState().get("id") ?? "";
  const result = useQuery(IncidentRecord, { variables: { id }, skip: !id, pollInterval: 60_000 });
  const incident = result.data?.incident;
  return (
    <Page title={incident?.title ?? t("nav.incident")} permission="incidents:read" actions={incident ? <Actions incident={incident} /> : null}
      badge={incident ? <><StatusBadge value={incident.severity} /><StatusBadge value={incident.status} /><SlaClock status={incident.slaStatus} due={incident.slaDueAt} resolvedAt={incident.resolvedAt} /></> : null}>
      {!id ? <MissingState /> : (
        <Loaded result={result} permission="incidents:read">{({ incident: found }) => (found ? <Body incident={found} /> : <MissingState><GoTo href="/risk/?tab=incidents">{t("incident.tab")}</GoTo></MissingState>)}</Loaded>
      )}
    </Page>
  );
}

/** A step that asks for words. */
function WordsDialog({ close, title, label, help, initial, send }: { close: () => void; title: string; label: string; help: string; initial: string; send: (text: string) => Promise<Outcome> }) {
  const [text, setText] = useState(initial);
  const submit = async () => {
    const outcome = await send(text);
    if (outcome.success) close();
    return outcome;
  };
  return <FormDialog open close={close} title={title} submit={submit} submitLabel={title}><LongField name="text" label={label} help={help} value={text} set={setText} rows={5} required /></FormDialog>;
}

function Actions({ incident }: { incident: IncidentRow }) {
  const acknowledge = useChange(AcknowledgeIncident);
  const resolve = useChange(ResolveIncident);
  const finish = useChange(CloseIncident);
  const update = useChange(UpdateIncident);
  const [open, setOpen] = useState<"edit" | "resolve" | "close" | "assign">();
  const close = () => setOpen(undefined);
  const { id, status } = incident;
  const step = (next: string) => async () => sayProblems(await update({ id, input: { id, status: next } }, t("common.saved")));
  return (
    <May permission="incidents:write">
      {status !== "closed" ? <Button size="sm" variant="outline" onClick={() => setOpen("assign")}><UserRoundPlus size={15} aria-hidden /> {t("incident.assign")}</Button> : null}
      <Button size="sm" variant="outline" onClick={() => setOpen("edit")}><Pencil size={15} aria-hidden /> {t("incident.edit")}</Button>
      {status === "open" && !incident.acknowledgedAt ? <Button size="sm" onClick={async () => sayProblems(await acknowledge({ id }, t("incident.acknowledged")))}><Eye size={15} aria-hidden /> {t("incident.acknowledge")}</Button> : null}
      {status === "investigating" || (status === "open" && incident.acknowledgedAt) ? <Button size="sm" variant="outline" onClick={step("mitigating")}>{t("incident.mitigate")}</Button> : null}
      {["open", "investigating", "mitigating"].includes(status) ? <Button size="sm" variant={status === "open" ? "outline" : "solid"} onClick={() => setOpen("resolve")}><Check size={15} aria-hidden /> {t("incident.resolve")}</Button> : null}
      {status === "resolved" ? <><Button size="sm" variant="outline" onClick={step("investigating")}>{t("incident.reopen")}</Button><Button size="sm" onClick={() => setOpen("close")}>{t("incident.close")}</Button></> : null}
      {open === "edit" ? <FindingsDialog close={close} incident={incident} /> : null}
      {open === "assign" ? <AssignDialog close={close} incident={incident} /> : null}
      {open === "resolve" ? <WordsDialog close={close} title={t("incident.resolve")} label={t("incident.resolution")} help={t("incident.resolution.help")} initial={incident.resolution} send={(resolution) => resolve({ id, resolution }, t("incident.resolved"))} /> : null}
      {open === "close" ? <WordsDialog close={close} title={t("incident.close")} label={t("incident.lessons")} help={t("incident.lessons.help")} initial={incident.lessonsLearned} send={(lessonsLearned) => finish({ id, lessonsLearned }, t("incident.closed"))} /> : null}
    </May>
  );
}

function AssignDialog({ close, incident }: { close: () => void; incident: IncidentRow }) {
  const me = useMe();
  const assign = useChange(AssignIncident);
  const [who, setWho] = useState(incident.assignee ?? "");
  const submit = async () => {
    const outcome = await assign({ id: incident.id, assigneeId: who.trim() }, t("incident.assigned"));
    if (outcome.success) close();
    return outcome;
  };
  return (
    <FormDialog open close={close} size="sm" title={t("incident.assign")} submit={submit} submitLabel={t("incident.assign")}>
      <Stack gap="2">
        <Input size="sm" aria-label={t("incident.assignee")} placeholder={t("incident.assignee.help")} value={who} onChange={(event) => setWho(event.target.value)} required />
        <Button type="button" size="xs" variant="outline" alignSelf="flex-start" onClick={() => setWho(me.email ?? me.id)}>{t("incident.me")}</Button>
      </Stack>
    </FormDialog>
  );
}

function Prose({ label, text }: { label: MessageKey; text: string }) {
  return (
    <Stack gap="0.5">
      <Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t(label)}</Text>
      <Text whiteSpace="pre-wrap" fontSize="sm" color={text ? undefined : "fg.muted"}>{text || t("incident.notWritten")}</Text>
    </Stack>
  );
}

function Body({ incident }: { incident: IncidentRow }) {
  return (
    <SimpleGrid columns={{ base: 1, xl: 3 }} gap="4" alignItems="start">
      <Stack gap="4" gridColumn={{ xl: "span 2" }} minW="0">
        <Card title={t("incident.what")}><Text whiteSpace="pre-wrap"><Told text={incident.description} /></Text></Card>
        <Card title={t("incident.findings")}>
          <Stack gap="4">
            <Prose label="incident.rootCause" text={incident.rootCause} />
            <Prose label="incident.impact" text={incident.impactAssessment} />
            <Prose label="incident.resolution" text={incident.resolution} />
            <Prose label="incident.lessons" text={incident.lessonsLearned} />
          </Stack>
        </Card>
        <Evidence incident={incident} />
        <Comments incident={incident} />
      </Stack>
      <Stack gap="4" minW="0">
        <Card title={t("incident.facts")}>
          <Facts items={[
            [t("incident.assignee"), incident.assignedToName || incident.assignee || t("incident.unassigned")],
            [t("incident.reporter"), incident.reportedByName === "zentinelle" ? t("audit.system") : person(incident.reportedByName)],
            [t("common.type"), word(incident.incidentType)],
            [t("incident.occurred"), instant(incident.occurredAt)],
            [t("incident.due"), incident.slaDueAt ? instant(incident.slaDueAt) : "–"],
            [t("incident.toAcknowledge"), longDuration(incident.timeToAcknowledgeSeconds)],
            [t("incident.toResolve"), longDuration(incident.timeToResolveSeconds)],
            [t("incident.agent"), incident.endpoint ? <GoTo key="agent" href={hrefFor("agent", incident.endpoint.id)}>{incident.endpoint.name}</GoTo> : "–"],
            [t("incident.policy"), incident.triggeringPolicyName || "–"],
            [t("incident.risk"), incident.risk ? <HStack key="risk" wrap="wrap"><GoTo href={hrefFor("risk", incident.risk.id)}>{incident.risk.name}</GoTo><Score score={incident.risk.riskScore} level={incident.risk.riskLevel} /></HStack> : "–"],
            [t("incident.affected"), incident.affectedUser || (incident.affectedUserCount > 0 ? String(incident.affectedUserCount) : "–")],
            [t("risk.tags"), asWords(incident.tags).length > 0 ? <Wrap key="tags" gap="1">{asWords(incident.tags).map((one) => <Tag key={one}>{one}</Tag>)}</Wrap> : "–"],
            [t("common.id"), <Identifier key="id" value={incident.id} short />],
          ]} />
        </Card>
        <History incident={incident} />
      </Stack>
    </SimpleGrid>
  );
}
