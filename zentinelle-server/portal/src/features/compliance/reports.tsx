// Reports: asked for here, built in the background, fetched when done.
"use client";
import { Button, chakra, HStack, SimpleGrid, Spinner, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { Download, FilePlus } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { once } from "@/lib/once";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ChoiceField, FormDialog, TextField } from "@/ui/dialogs";
import { Page } from "@/ui/page";
import { RelativeTime } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { ReportsQuery } from "./gql/graphql";
import { Frameworks, Reports as List, RequestReport } from "./queries";

type Row = ReportsQuery["complianceReportsPage"]["nodes"][number];
const KINDS = ["compliance_framework", "compliance_full", "control_coverage", "violation_summary", "audit_trail", "executive", "risk", "incident"];
const FORMATS = ["pdf", "csv", "json", "oscal"];
const RUNNING = ["pending", "queued", "running", "generating"];

function kindOf(kind: string): string {
  return KINDS.includes(kind) ? t(`report.kind.${kind}` as "report.kind.risk") : word(kind);
}

const columns = once((): readonly Column<Row>[] => [
  { key: "name", label: t("common.name"), cell: (row) => kindOf(row.kind), value: (row) => row.name, width: "32%" },
  { key: "format", label: t("report.format"), cell: (row) => <Tag>{row.format.toUpperCase()}</Tag> },
  { key: "framework", label: t("nav.framework"), cell: (row) => row.framework || "–" },
  { key: "period", label: t("report.period"), cell: (row) => row.period || "–" },
  { key: "status", label: t("common.status"), cell: (row) => <HStack gap="2">{RUNNING.includes(row.status ?? "") ? <Spinner size="xs" aria-hidden /> : null}<StatusBadge value={row.status} /></HStack> },
  { key: "generatedAt", label: t("report.made"), cell: (row) => <RelativeTime at={row.generatedAt} /> },
  { key: "downloadUrl", label: t("report.file"), cell: (row) => (row.downloadUrl && !RUNNING.includes(row.status ?? "") ? <Button asChild size="2xs" variant="outline"><chakra.a href={row.downloadUrl} download aria-label={t("report.downloadOf", { name: row.name ?? "" })}><Download size={12} aria-hidden /> {t("report.download")}</chakra.a></Button> : <Text as="span" color="fg.muted">–</Text>) },
]);
const filters = once((): readonly Filter[] => [
  { key: "kind", label: t("common.type"), kind: "many", choices: KINDS.map((value) => ({ value, label: kindOf(value) })) },
  { key: "status", label: t("common.status"), kind: "many", choices: ["pending", "running", "complete", "failed"].map((value) => ({ value })) },
]);

export function ComplianceReports() {
  const url = useUrlState();
  const create = <May permission="reports:write"><Button size="sm" onClick={() => url.set({ new: "report" })}><FilePlus size={15} aria-hidden /> {t("report.new")}</Button></May>;
  return (
    <Page title={t("nav.reports")} lead={t("report.lead")} permission="reports:read" actions={create}>
      <DataTable name="reports" label={t("nav.reports")} document={List} select={(data) => data.complianceReportsPage} rowId={(row) => row.id ?? ""} rowName={(row) => row.name ?? ""} search={false}
        columns={columns()} filters={filters()} permission="reports:read" pollSeconds={5} empty={{ title: t("report.none"), text: t("report.none.text"), action: create }} />
      {url.get("new") === "report" ? <RequestForm close={() => url.set({ new: null, framework: null })} framework={url.get("framework") ?? ""} /> : null}
    </Page>
  );
}

function RequestForm({ close, framework }: { close: () => void; framework: string }) {
  const { data } = useQuery(Frameworks);
  const request = useChange(RequestReport);
  const back = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  const [made, set] = useState({ kind: framework ? "compliance_framework" : "compliance_full", format: "pdf", framework, since: back(90), until: back(0) });
  const put = (name: keyof typeof made) => (value: string) => set({ ...made, [name]: value });
  const submit = async () => {
    const outcome = await request({ kind: made.kind, format: made.format, frameworkId: made.framework || null, since: made.since ? `${made.since}T00:00:00Z` : null, until: made.until ? `${made.until}T23:59:59Z` : null }, t("report.requested"));
    if (outcome.success) close();
    return outcome;
  };
  return (
    <FormDialog open close={close} title={t("report.new")} lead={t("report.form.lead")} submit={submit} submitLabel={t("report.new")}>
      <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3">
        <ChoiceField name="kind" label={t("common.type")} value={made.kind} set={put("kind")} choices={KINDS.map((value) => ({ value, label: kindOf(value) }))} />
        <ChoiceField name="format" label={t("report.format")} value={made.format} set={put("format")} choices={FORMATS.map((value) => ({ value, label: t(`report.format.${value}` as "report.format.pdf") }))} />
      </SimpleGrid>
      <ChoiceField name="framework_id" label={t("nav.framework")} value={made.framework} set={put("framework")} empty={t("gap.everyFramework")} choices={(data?.frameworks ?? []).map(({ id, name }) => ({ value: id, label: name }))} />
      <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3">
        <TextField name="since" label={t("report.from")} type="date" value={made.since} set={put("since")} />
        <TextField name="until" label={t("report.to")} type="date" value={made.until} set={put("until")} />
      </SimpleGrid>
    </FormDialog>
  );
}
