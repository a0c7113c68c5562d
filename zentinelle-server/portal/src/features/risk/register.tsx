// The register: the matrix, and the list it filters.
"use client";
import { Button, HStack, Stack, Text } from "@chakra-ui/react";
import { CheckCheck, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { asWords } from "@/lib/json";
import { once } from "@/lib/once";
import { hrefFor, useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ConfirmDialog } from "@/ui/dialogs";
import { Identifier } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import type { RisksQuery } from "./gql/graphql";
import { RiskMatrix } from "./matrix";
import { NewRiskButton } from "./new-risk";
import { DeleteRisk, ReviewRisk, Risks } from "./queries";
import { ReviewDate } from "./review-date";
import { CATEGORIES, RiskDialog } from "./risk-form";
import { factorName, RISK_STATUSES, Score } from "./scale";

export type RiskOfList = RisksQuery["risksPage"]["nodes"][number];

export const riskFilters = once((): readonly Filter[] => [
  { key: "status", label: t("common.status"), kind: "many", choices: RISK_STATUSES.map((value) => ({ value })) },
  { key: "riskLevel", label: t("risk.level"), kind: "many", choices: ["critical", "high", "medium", "low"].map((value) => ({ value })) },
  { key: "category", label: t("risk.category"), kind: "many", choices: CATEGORIES.map((value) => ({ value })) },
  { key: "reviewDue", label: t("risk.review.due"), kind: "yesno" },
]);

const columns = once((): readonly Column<RiskOfList>[] => [
  { key: "name", label: t("common.name"), cell: (row) => row.name, sort: "name", width: "26%" },
  { key: "riskScore", label: t("risk.score"), cell: (row) => <Score score={row.riskScore} level={row.riskLevel} />, value: (row) => row.riskScore, sort: "riskScore", width: "9rem" },
  { key: "residualRiskScore", label: t("risk.residual"), cell: (row) => <Score score={row.residualRiskScore} level={row.residualRiskLevel} />, value: (row) => row.residualRiskScore },
  { key: "status", label: t("common.status"), cell: (row) => <StatusBadge value={row.status} /> },
  { key: "category", label: t("risk.category"), cell: (row) => <Tag>{word(row.category)}</Tag> },
  { key: "owner", label: t("risk.owner"), cell: (row) => row.ownerName || row.owner || <Text as="span" color="fg.muted">{t("risk.owner.none")}</Text>, value: (row) => row.owner },
  { key: "nextReviewDate", label: t("risk.review"), cell: (row) => <ReviewDate date={row.nextReviewDate} />, sort: "nextReviewDate" },
  { key: "incidentCount", label: t("risk.incidents"), cell: (row) => row.incidentCount ?? 0, numeric: true },
  { key: "factors", label: t("risk.factors"), cell: (row) => `${row.severity} × ${row.likelihood} × ${row.impact}`, value: (row) => `${row.severity} x ${row.likelihood} x ${row.impact}`, hidden: true },
  { key: "tags", label: t("risk.tags"), cell: (row) => <HStack gap="1" wrap="wrap">{asWords(row.tags).map((one) => <Tag key={one}>{one}</Tag>)}</HStack>, hidden: true },
  { key: "id", label: t("common.id"), cell: (row) => <Identifier value={row.id} short />, hidden: true },
]);

/** The actions on a row and their dialogs, the same in the register and the FMEA table. */
export function useRiskActions() {
  const review = useChange(ReviewRisk);
  const remove = useChange(DeleteRisk);
  const [edited, edit] = useState<RiskOfList>();
  const [doomed, doom] = useState<RiskOfList>();
  const actions = (row: RiskOfList) => [
    { key: "edit", label: t("common.edit"), icon: Pencil, permission: "risks:write", run: () => edit(row) },
    { key: "review", label: t("risk.markReviewed"), icon: CheckCheck, permission: "risks:write", run: async () => sayProblems(await review({ id: row.id }, t("risk.reviewed"))) },
    { key: "delete", label: t("common.delete"), icon: Trash2, permission: "risks:write", danger: true, run: () => doom(row) },
  ];
  const dialogs = (
    <>
      <RiskDialog open={!!edited} close={() => edit(undefined)} risk={edited} />
      <ConfirmDialog open={!!doomed} close={() => doom(undefined)} title={t("risk.delete", { name: doomed?.name ?? "" })} text={t("risk.delete.text")} action={t("common.delete")} run={() => remove({ id: doomed?.id ?? "" }, t("common.deleted"))} />
    </>
  );
  return { actions, dialogs };
}

export function Register() {
  const url = useUrlState();
  const { actions, dialogs } = useRiskActions();
  const [likelihood, impact] = [Number(url.get("likelihood")), Number(url.get("impact"))];
  const cell = likelihood > 0 && impact > 0;
  return (
    <Stack gap="4">
      <RiskMatrix />
      {cell ? (
        <HStack fontSize="sm">
          <Text color="fg.muted">{t("risk.matrix.only", { likelihood: factorName(likelihood), impact: factorName(impact) })}</Text>
          <Button size="2xs" variant="subtle" onClick={() => url.set({ likelihood: null, impact: null })}>{t("risk.matrix.all")}</Button>
        </HStack>
      ) : null}
      <DataTable name="risks" label={t("risk.register")} document={Risks} select={(data) => data.risksPage} rowId={(row) => row.id} rowName={(row) => row.name} rowHref={(row) => hrefFor("risk", row.id)}
        columns={columns()} filters={riskFilters()} fixed={cell ? { likelihood, impact } : undefined} sort={BY_SCORE} rowActions={actions} permission="risks:read" empty={{ title: t("risk.none"), text: t("risk.none.text"), action: <NewRiskButton /> }} />
      {dialogs}
    </Stack>
  );
}

export const BY_SCORE = { field: "riskScore", direction: "DESC" } as const;
