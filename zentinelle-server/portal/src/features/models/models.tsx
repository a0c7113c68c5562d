// The registry of models: what each is, what it costs, and whether it may be used here.
"use client";
import { chakra, HStack, Stack, Text, Wrap } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { Ban, Check, CircleDot } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { compact, day, number, usd } from "@/lib/format";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag, type Tone } from "@/ui/badges";
import { FormDialog, LongField, SidePanel } from "@/ui/dialogs";
import { Loaded, MissingState, Page } from "@/ui/page";
import { Facts, Identifier, RelativeTime } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { ApprovalsQuery, ModelsQuery } from "./gql/graphql";
import { Approvals, Model, Models as List, Providers, SetModelApproval } from "./queries";

type Row = ModelsQuery["modelsPage"]["nodes"][number];
type Approval = ApprovalsQuery["modelApprovals"][number];
const NAMED = { field: "name", direction: "ASC" } as const;
const RISKS = ["minimal", "limited", "high", "unacceptable", "unknown"];
const STATES = ["approved", "restricted", "pending", "denied"];
const RISK_TONES: Record<string, Tone> = { minimal: "good", limited: "low", high: "high", unacceptable: "critical" };

export function Models() {
  const url = useUrlState();
  const approvals = useQuery(Approvals);
  const providers = useQuery(Providers);
  const [asked, ask] = useState<{ row: Row; status: string }>();
  const opened = url.get("open");
  const one = useQuery(Model, { variables: { id: opened ?? "" }, skip: !opened });
  const of = (row: Row): Approval | undefined => approvals.data?.modelApprovals.find((one) => one.modelId === row.id);
  const state = (row: Row) => of(row)?.status ?? "pending";
  const columns: Column<Row>[] = [
    { key: "name", label: t("common.name"), cell: (row) => <Stack gap="0"><Text as="span">{row.name}</Text><Text as="span" fontSize="xs" color="fg.muted" fontWeight="normal">{row.modelId}</Text></Stack>, value: (row) => row.name, sort: "name", width: "22%" },
    { key: "provider", label: t("model.provider"), cell: (row) => word(row.providerSlug), value: (row) => word(row.providerSlug), sort: "provider" },
    // Until the approvals are known, nothing is said about them.
    { key: "approval", label: t("model.approval"), cell: (row) => (approvals.data ? <StatusBadge value={state(row)} /> : "–"), value: state, sort: "approval" },
    { key: "riskLevel", label: t("model.risk"), cell: (row) => <StatusBadge value={row.riskLevel} tone={RISK_TONES[row.riskLevel]} /> },
    { key: "modelType", label: t("common.type"), cell: (row) => <Tag>{word(row.modelType)}</Tag> },
    { key: "contextWindow", label: t("model.context"), cell: (row) => (row.contextWindow ? compact(row.contextWindow) : "–"), value: (row) => row.contextWindow, numeric: true },
    { key: "inputPricePerMillion", label: t("model.priceIn"), cell: (row) => usd(row.inputPricePerMillion), value: (row) => row.inputPricePerMillion, numeric: true },
    { key: "outputPricePerMillion", label: t("model.priceOut"), cell: (row) => usd(row.outputPricePerMillion), value: (row) => row.outputPricePerMillion, numeric: true },
    { key: "available", label: t("common.status"), cell: (row) => (row.deprecated ? <StatusBadge value="deprecated" /> : <StatusBadge value={row.isAvailable ? "active" : "offline"} label={row.isAvailable ? t("model.available") : t("model.unavailable")} />), value: (row) => (row.deprecated ? "deprecated" : row.isAvailable) },
  ];
  const filters: Filter[] = [
    { key: "approval", label: t("model.approval"), kind: "many", choices: STATES.map((value) => ({ value })) },
    { key: "providerSlug", label: t("model.provider"), kind: "many", choices: (providers.data?.aiProviders ?? []).map(({ slug }) => ({ value: slug })) },
    { key: "riskLevel", label: t("model.risk"), kind: "many", choices: RISKS.map((value) => ({ value })) },
    { key: "modelType", label: t("common.type"), kind: "many", choices: ["llm", "multimodal", "embedding", "image", "audio", "video"].map((value) => ({ value })) },
  ];
  const icons = { approved: Check, restricted: CircleDot, denied: Ban };
  return (
    <Page title={t("nav.models")} lead={t("model.lead")} permission="models:read">
      <DataTable name="models" label={t("nav.models")} document={List} select={(data) => data.modelsPage} rowId={(row) => row.id} rowName={(row) => row.name} onOpen={(row) => url.set({ open: row.id })}
        columns={columns} filters={filters} sort={NAMED} permission="models:read" empty={{ title: t("model.none"), text: t("model.none.text") }}
        rowActions={(row) => (["approved", "restricted", "denied"] as const).filter((one) => one !== state(row)).map((status) => ({ key: status, label: t(`model.set.${status}`), icon: icons[status], permission: "models:write", danger: status === "denied", run: () => ask({ row, status }) }))} />
      {asked ? <ApprovalForm row={asked.row} status={asked.status} notes={of(asked.row)?.reviewNotes ?? ""} close={() => ask(undefined)} /> : null}
      <SidePanel open={!!opened} close={() => url.set({ open: null })} title={one.data?.aiModel?.name ?? t("nav.models")}>
        {opened ? <Loaded result={one} permission="models:read">{({ aiModel }) => (aiModel ? <Detail row={aiModel} approval={of(aiModel)} /> : <MissingState />)}</Loaded> : null}
      </SidePanel>
    </Page>
  );
}

function Detail({ row, approval }: { row: Row; approval: Approval | undefined }) {
  return (
    <Stack gap="5">
      <HStack gap="2" wrap="wrap"><StatusBadge value={approval?.status ?? "pending"} /><StatusBadge value={row.riskLevel} tone={RISK_TONES[row.riskLevel]} />{row.deprecated ? <StatusBadge value="deprecated" /> : null}</HStack>
      <Text fontSize="sm">{row.description || "–"}</Text>
      <Facts items={[
        [t("model.provider"), word(row.providerSlug)], [t("model.id"), <Identifier key="id" value={row.fullModelId || row.modelId} />], [t("common.type"), word(row.modelType)],
        [t("model.context"), t("model.tokens", { count: number(row.contextWindow) })], [t("model.output"), t("model.tokens", { count: number(row.maxOutputTokens) })],
        [t("model.priceIn"), usd(row.inputPricePerMillion)], [t("model.priceOut"), usd(row.outputPricePerMillion)], [t("model.released"), day(row.releaseDate)],
        row.deprecated ? [t("model.deprecated"), `${day(row.deprecationDate)}${row.replacementModelName ? ` · ${t("model.instead", { name: row.replacementModelName })}` : ""}`] : null,
        row.documentationUrl.startsWith("https://") ? [t("model.docs"), <chakra.a key="docs" href={row.documentationUrl} target="_blank" rel="noreferrer noopener" color="accent.fg" wordBreak="break-all">{row.documentationUrl}</chakra.a>] : null,
      ]} />
      {row.capabilities?.length ? <Wrap gap="1">{row.capabilities.map((one) => <Tag key={one}>{word(one)}</Tag>)}</Wrap> : null}
      {approval ? <Facts items={[[t("model.decidedBy"), approval.reviewedByUsername || "–"], [t("model.decidedAt"), <RelativeTime key="at" at={approval.reviewedAt} />], [t("model.notes"), approval.reviewNotes || "–"]]} /> : <Text fontSize="sm" color="fg.muted">{t("model.undecided")}</Text>}
    </Stack>
  );
}

function ApprovalForm({ row, status, notes, close }: { row: Row; status: string; notes: string; close: () => void }) {
  const set = useChange(SetModelApproval);
  const [text, setText] = useState(notes);
  const submit = async () => {
    const outcome = await set({ modelId: row.id, status, notes: text || null }, t("common.saved"));
    if (outcome.success) close();
    return outcome;
  };
  const label = t(`model.set.${status}` as "model.set.approved");
  return (
    <FormDialog open close={close} title={`${label}: ${row.name}`} lead={t(`model.means.${status}` as "model.means.approved")} submit={submit} submitLabel={label}>
      <LongField name="notes" label={t("model.notes")} help={t("model.notes.help")} value={text} set={setText} required={status === "restricted"} />
    </FormDialog>
  );
}
