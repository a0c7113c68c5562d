// Writing a risk: what it is, how big, how big after mitigation, who answers for it, what it is tied to.
"use client";
import { SimpleGrid, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { choicesOf } from "@/lib/choices";
import { asWords, splitWords } from "@/lib/json";
import { useMe } from "@/lib/session";
import { hrefFor } from "@/lib/url";
import { t } from "@/messages";
import { ChoiceField, FormDialog, LongField, TextField } from "@/ui/dialogs";
import { type Chosen, RecordPicker } from "@/ui/record-picker";
import type { RiskRecordQuery } from "./gql/graphql";
import { CreateRisk, RiskOptions, UpdateRisk } from "./queries";
import { type Factors, FactorFields, RISK_STATUSES } from "./scale";

export type RiskRow = NonNullable<RiskRecordQuery["risk"]>;
export const CATEGORIES = ["security", "privacy", "compliance", "operational", "reputational", "financial", "ethical"];
export const MITIGATIONS = ["not_started", "in_progress", "completed", "verified"];

export function RiskDialog({ open, close, risk }: { open: boolean; close: () => void; risk?: Partial<RiskRow> }) {
  // Made anew each time it opens, so that it never shows what another risk left behind.
  return open ? <Form close={close} risk={risk} /> : null;
}

function Form({ close, risk }: { close: () => void; risk?: Partial<RiskRow> }) {
  const me = useMe();
  const router = useRouter();
  const { data } = useQuery(RiskOptions);
  const create = useChange(CreateRisk);
  const update = useChange(UpdateRisk);
  const of = (value: number | null | undefined, usual = "") => (value ? String(value) : usual);
  const [made, set] = useState({
    name: risk?.name ?? "", description: risk?.description ?? "", category: risk?.category ?? "security", status: risk?.status ?? "identified",
    owner: risk?.owner ?? (risk ? "" : (me.email ?? me.name)), nextReviewDate: risk?.nextReviewDate ?? "", mitigationPlan: risk?.mitigationPlan ?? "",
    mitigationStatus: risk?.mitigationStatus || "not_started", tags: asWords(risk?.tags).join(", "),
  });
  const put = (name: keyof typeof made) => (value: string) => set({ ...made, [name]: value });
  const [now, setNow] = useState<Factors>({ severity: of(risk?.severity, "3"), likelihood: of(risk?.likelihood, "3"), impact: of(risk?.impact, "3") });
  const [later, setLater] = useState<Factors>({ severity: of(risk?.residualSeverity), likelihood: of(risk?.residualLikelihood), impact: of(risk?.residualImpact) });
  const [policies, setPolicies] = useState<Chosen[]>((risk?.policies ?? []).map(({ id, name }) => ({ id, name })));
  const [agents, setAgents] = useState<Chosen[]>((risk?.agents ?? []).map(({ id, name }) => ({ id, name })));
  const [incidents, setIncidents] = useState<Chosen[]>((risk?.incidents ?? []).map(({ id, title }) => ({ id, name: title })));
  const submit = async () => {
    const figure = (text: string) => (text ? Number(text) : null);
    const ids = (chosen: Chosen[]) => chosen.map((one) => one.id);
    // A row of the list does not carry its links: those stay as they are.
    const linked = !risk?.id || risk.policies ? { policyIds: ids(policies), endpointIds: ids(agents), incidentIds: ids(incidents) } : {};
    const input = {
      ...made, tags: splitWords(made.tags), nextReviewDate: made.nextReviewDate || null,
      severity: Number(now.severity), likelihood: Number(now.likelihood), impact: Number(now.impact),
      residualSeverity: figure(later.severity), residualLikelihood: figure(later.likelihood), residualImpact: figure(later.impact), ...linked,
    };
    const outcome = risk?.id ? await update({ id: risk.id, input: { ...input, id: risk.id } }, t("common.saved")) : await create({ input }, t("risk.created"));
    if (outcome.success) {
      close();
      if (!risk?.id && outcome.payload && "riskId" in outcome.payload && outcome.payload.riskId) router.push(hrefFor("risk", outcome.payload.riskId));
    }
    return outcome;
  };
  const options = data?.riskOptions;
  return (
    <FormDialog open close={close} size="lg" title={risk?.id ? t("risk.edit") : t("risk.new")} lead={t("risk.form.lead")} submit={submit} submitLabel={risk?.id ? undefined : t("risk.new")}>
      <TextField name="name" label={t("common.name")} value={made.name} set={put("name")} required minLength={3} maxLength={255} />
      <LongField name="description" label={t("common.description")} help={t("risk.description.help")} value={made.description} set={put("description")} required />
      <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3">
        <ChoiceField name="category" label={t("risk.category")} value={made.category} set={put("category")} choices={choicesOf(options?.categories, CATEGORIES)} />
        <ChoiceField name="status" label={t("common.status")} value={made.status} set={put("status")} choices={choicesOf(options?.statuses, RISK_STATUSES)} />
      </SimpleGrid>
      <FactorFields value={now} set={setNow} />
      <LongField name="mitigation_plan" label={t("risk.plan")} value={made.mitigationPlan} set={put("mitigationPlan")} />
      <ChoiceField name="mitigation_status" label={t("risk.planStatus")} value={made.mitigationStatus} set={put("mitigationStatus")} choices={choicesOf(null, MITIGATIONS)} />
      <Text fontSize="sm" fontWeight="medium">{t("risk.afterPlan")}</Text>
      <FactorFields residual value={later} set={setLater} />
      <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3">
        <TextField name="owner" label={t("risk.owner")} help={t("risk.owner.help")} value={made.owner} set={put("owner")} />
        <TextField name="next_review_date" label={t("risk.review")} type="date" value={made.nextReviewDate} set={put("nextReviewDate")} />
      </SimpleGrid>
      <TextField name="tags" label={t("risk.tags")} help={t("risk.tags.help")} value={made.tags} set={put("tags")} />
      {!risk?.id || risk.policies ? (
        <>
          <RecordPicker kinds={["policy"]} label={t("risk.policies")} chosen={policies} choose={setPolicies} />
          <RecordPicker kinds={["agent", "endpoint"]} label={t("risk.agents")} chosen={agents} choose={setAgents} />
          <RecordPicker kinds={["incident"]} label={t("risk.incidents")} chosen={incidents} choose={setIncidents} />
        </>
      ) : null}
    </FormDialog>
  );
}
