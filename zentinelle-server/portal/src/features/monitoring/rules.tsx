// Content rules: what the scanner looks for and what it does when it finds it.
"use client";
import { Button, HStack, Stack, Text } from "@chakra-ui/react";
import { Copy, FlaskConical, Pencil, Plus, Power, Trash2 } from "lucide-react";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { once } from "@/lib/once";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ConfirmDialog } from "@/ui/dialogs";
import { RelativeTime } from "@/ui/small";
import { type Column, DataTable, type Filter } from "@/ui/table";
import { ContentRules, DeleteRule, DuplicateRule, ToggleRule } from "./queries";
import { RuleDialog, TestDialog } from "./rule-form";
import { type Rule, RULE_ENFORCEMENTS, RULE_SEVERITIES, RULE_TYPES } from "./rule-words";

const NAMED = { field: "name", direction: "ASC" } as const;

const filters = once((): readonly Filter[] => [
  { key: "ruleType", label: t("rules.type"), kind: "many", choices: RULE_TYPES.map((value) => ({ value })) },
  { key: "severity", label: t("risk.severity"), kind: "many", choices: RULE_SEVERITIES.map((value) => ({ value })) },
  { key: "enforcement", label: t("decision.enforcement"), kind: "many", choices: RULE_ENFORCEMENTS.map((value) => ({ value })) },
  { key: "enabled", label: t("rules.enabled"), kind: "yesno" },
]);
const columns = once((): readonly Column<Rule>[] => [
  { key: "name", label: t("common.name"), cell: (row) => row.name, sort: "name", width: "24%" },
  { key: "ruleType", label: t("rules.type"), cell: (row) => <Tag>{word(row.ruleType)}</Tag>, sort: "ruleType" },
  { key: "severity", label: t("risk.severity"), cell: (row) => <StatusBadge value={row.severity} />, sort: "severity" },
  { key: "enforcement", label: t("decision.enforcement"), cell: (row) => <StatusBadge value={row.enforcement} /> },
  { key: "enabled", label: t("common.status"), cell: (row) => <StatusBadge value={row.enabled ? "enabled" : "disabled"} />, value: (row) => row.enabled },
  { key: "reads", label: t("rules.reads"), cell: (row) => <Text fontSize="sm">{reads(row)}</Text>, value: reads },
  { key: "violationCount", label: t("scanner.findings"), cell: (row) => row.violationCount ?? 0, numeric: true },
  { key: "updatedAt", label: t("common.updated"), cell: (row) => <RelativeTime at={row.updatedAt} /> },
]);

function reads(row: Rule): string {
  return [row.scanInput ? t("rules.input") : "", row.scanOutput ? t("rules.output") : "", row.scanContext ? t("rules.context") : ""].filter(Boolean).join(", ") || t("common.none");
}

export function Rules() {
  const url = useUrlState();
  const toggle = useChange(ToggleRule);
  const duplicate = useChange(DuplicateRule);
  const remove = useChange(DeleteRule);
  const [edited, edit] = useState<Rule>();
  const [tried, test] = useState<Rule>();
  const [doomed, doom] = useState<Rule>();
  const create = <May permission="content_rules:write"><Button size="sm" onClick={() => url.set({ new: "rule" })}><Plus size={15} aria-hidden /> {t("rules.new")}</Button></May>;
  return (
    <Stack gap="4">
      <HStack justify="space-between" wrap="wrap"><Text fontSize="sm" color="fg.muted" maxW="70ch">{t("rules.lead")}</Text>{create}</HStack>
      <DataTable name="content-rules" label={t("rules.title")} document={ContentRules} select={(data) => data.contentRulesPage} rowId={(row) => row.id} rowName={(row) => row.name} onOpen={edit}
        columns={columns()} filters={filters()} sort={NAMED} permission="content_rules:read" empty={{ title: t("rules.none"), text: t("rules.none.text"), action: create }}
        rowActions={(row) => [
          { key: "edit", label: t("common.edit"), icon: Pencil, permission: "content_rules:write", run: edit },
          { key: "test", label: t("rules.test"), icon: FlaskConical, permission: "content_rules:write", run: test },
          { key: "toggle", label: row.enabled ? t("rules.disable") : t("rules.enable"), icon: Power, permission: "content_rules:write", run: async () => sayProblems(await toggle({ id: row.id }, t("common.saved"))) },
          { key: "copy", label: t("rules.duplicate"), icon: Copy, permission: "content_rules:write", run: async () => sayProblems(await duplicate({ id: row.id }, t("rules.duplicated"))) },
          { key: "delete", label: t("common.delete"), icon: Trash2, danger: true, permission: "content_rules:write", run: doom },
        ]} />
      {url.get("new") === "rule" ? <RuleDialog close={() => url.set({ new: null })} /> : null}
      {edited ? <RuleDialog rule={edited} close={() => edit(undefined)} /> : null}
      {tried ? <TestDialog rule={tried} close={() => test(undefined)} /> : null}
      <ConfirmDialog open={!!doomed} close={() => doom(undefined)} title={t("rules.delete", { name: doomed?.name ?? "" })} text={t("rules.delete.text")} action={t("common.delete")} run={() => remove({ id: doomed?.id ?? "" }, t("common.deleted"))} />
    </Stack>
  );
}
