// Reporting an incident, and writing what was found out about it.
"use client";
import { Button, SimpleGrid } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { Siren } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { choicesOf } from "@/lib/choices";
import { asWords, splitWords } from "@/lib/json";
import { May } from "@/lib/session";
import { hrefFor, useUrlState } from "@/lib/url";
import { t } from "@/messages";
import { ChoiceField, FormDialog, LongField, TextField } from "@/ui/dialogs";
import { type Chosen, RecordPicker } from "@/ui/record-picker";
import type { AlertOriginQuery, IncidentRecordQuery } from "./gql/graphql";
import { AddEvidence, AlertOrigin, CreateIncident, IncidentOptions, UpdateIncident } from "./queries";

export type IncidentRow = NonNullable<IncidentRecordQuery["incident"]>;
type Alert = NonNullable<AlertOriginQuery["complianceAlert"]>;
export const INCIDENT_TYPES = ["policy_violation", "security_breach", "data_leak", "service_disruption", "compliance_breach", "cost_overrun", "harmful_output", "other"];
export const INCIDENT_STATUSES = ["open", "investigating", "mitigating", "resolved", "closed"];
export const SEVERITIES = ["critical", "high", "medium", "low"];

/** An instant as a field of day and time takes it, in local time. */
function localInput(at: string): string {
  const when = new Date(at);
  return new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function NewIncidentButton() {
  const url = useUrlState();
  return (
    <May permission="incidents:write">
      <Button size="sm" variant="outline" onClick={() => url.set({ new: "incident" })}><Siren size={15} aria-hidden /> {t("incident.new")}</Button>
    </May>
  );
}

/** The form, where the address asks for it. */
export function IncidentReport() {
  const url = useUrlState();
  const alert = url.get("alert");
  const wanted = url.get("new") === "incident";
  const { data, error } = useQuery(AlertOrigin, { variables: { id: alert ?? "" }, skip: !wanted || !alert });
  const ready = !alert || data || error;
  return (
    <May permission="incidents:write">
      {wanted && ready ? <Report alert={data?.complianceAlert ?? undefined} close={() => url.set({ new: null, alert: null })} /> : null}
    </May>
  );
}

/** A new incident. One that an alert gave rise to begins with what the alert says, and points back at it. */
function Report({ close, alert }: { close: () => void; alert?: Alert }) {
  const router = useRouter();
  const { data } = useQuery(IncidentOptions);
  const create = useChange(CreateIncident);
  const prove = useChange(AddEvidence);
  const [made, set] = useState({
    title: alert?.title ?? "", description: alert?.description ?? "", incidentType: "policy_violation", severity: alert && SEVERITIES.includes(alert.severity) ? alert.severity : "medium",
    affectedUser: alert?.userIdentifier ?? "", affectedUserCount: "", occurredAt: alert ? localInput(alert.firstViolationAt ?? alert.createdAt) : "", tags: "",
  });
  const put = (name: keyof typeof made) => (value: string) => set({ ...made, [name]: value });
  const [agent, setAgent] = useState<Chosen[]>(alert?.endpoint ? [alert.endpoint] : []);
  const [risk, setRisk] = useState<Chosen[]>([]);
  const submit = async () => {
    const outcome = await create({
      input: {
        title: made.title, description: made.description, incidentType: made.incidentType, severity: made.severity, tags: splitWords(made.tags),
        affectedUser: made.affectedUser || undefined, affectedUserCount: made.affectedUserCount ? Number(made.affectedUserCount) : undefined,
        occurredAt: made.occurredAt ? new Date(made.occurredAt).toISOString() : undefined, endpointId: agent[0]?.id, relatedRiskId: risk[0]?.id,
      },
    }, t("incident.created"));
    const id = outcome.payload?.incidentId;
    if (outcome.success && id) {
      if (alert) sayProblems(await prove({ id, kind: "alert", reference: alert.id, note: alert.title }));
      router.push(hrefFor("incident", id));
    } else if (outcome.success) close();
    return outcome;
  };
  const options = data?.incidentOptions;
  return (
    <FormDialog open close={close} size="lg" title={t("incident.new")} lead={t("incident.form.lead")} submit={submit} submitLabel={t("incident.new")}>
      <TextField name="title" label={t("incident.title")} value={made.title} set={put("title")} required minLength={3} maxLength={255} />
      <LongField name="description" label={t("incident.what")} value={made.description} set={put("description")} required />
      <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3">
        <ChoiceField name="incident_type" label={t("common.type")} value={made.incidentType} set={put("incidentType")} choices={choicesOf(options?.incidentTypes, INCIDENT_TYPES)} />
        <ChoiceField name="severity" label={t("risk.severity")} value={made.severity} set={put("severity")} choices={choicesOf(options?.severities, SEVERITIES)} />
        <TextField name="occurred_at" label={t("incident.occurred")} help={t("incident.occurred.help")} type="datetime-local" value={made.occurredAt} set={put("occurredAt")} />
        <TextField name="tags" label={t("risk.tags")} help={t("risk.tags.help")} value={made.tags} set={put("tags")} />
        <TextField name="affected_user" label={t("incident.affected")} value={made.affectedUser} set={put("affectedUser")} />
        <TextField name="affected_user_count" label={t("incident.affectedCount")} type="number" value={made.affectedUserCount} set={put("affectedUserCount")} />
      </SimpleGrid>
      <RecordPicker single kinds={["agent", "endpoint"]} label={t("incident.agent")} chosen={agent} choose={setAgent} />
      <RecordPicker single kinds={["risk"]} label={t("incident.risk")} chosen={risk} choose={setRisk} />
    </FormDialog>
  );
}

/** What was found out: edited as often as needed until the incident is closed. */
export function FindingsDialog({ close, incident }: { close: () => void; incident: IncidentRow }) {
  const update = useChange(UpdateIncident);
  const [made, set] = useState({
    title: incident.title, description: incident.description, severity: incident.severity, rootCause: incident.rootCause, impactAssessment: incident.impactAssessment,
    resolution: incident.resolution, lessonsLearned: incident.lessonsLearned, tags: asWords(incident.tags).join(", "),
  });
  const put = (name: keyof typeof made) => (value: string) => set({ ...made, [name]: value });
  const submit = async () => {
    const outcome = await update({ id: incident.id, input: { ...made, id: incident.id, tags: splitWords(made.tags) } }, t("common.saved"));
    if (outcome.success) close();
    return outcome;
  };
  return (
    <FormDialog open close={close} size="lg" title={t("incident.edit")} submit={submit}>
      <TextField name="title" label={t("incident.title")} value={made.title} set={put("title")} required minLength={3} maxLength={255} />
      <LongField name="description" label={t("incident.what")} value={made.description} set={put("description")} required />
      <ChoiceField name="severity" label={t("risk.severity")} value={made.severity} set={put("severity")} choices={choicesOf(null, SEVERITIES)} />
      <LongField name="root_cause" label={t("incident.rootCause")} help={t("incident.rootCause.help")} value={made.rootCause} set={put("rootCause")} />
      <LongField name="impact_assessment" label={t("incident.impact")} value={made.impactAssessment} set={put("impactAssessment")} />
      <LongField name="resolution" label={t("incident.resolution")} value={made.resolution} set={put("resolution")} />
      <LongField name="lessons_learned" label={t("incident.lessons")} value={made.lessonsLearned} set={put("lessonsLearned")} />
      <TextField name="tags" label={t("risk.tags")} help={t("risk.tags.help")} value={made.tags} set={put("tags")} />
    </FormDialog>
  );
}
