// Rules that raise an alert when something was counted too often within a window.
"use client";
import { Button, Flex, HStack, SimpleGrid, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { choicesOf } from "@/lib/choices";
import { number } from "@/lib/format";
import { asFacts, asText } from "@/lib/json";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { ChoiceField, ConfirmDialog, FormDialog, SwitchField, TextField } from "@/ui/dialogs";
import { Card, Loaded, NothingState } from "@/ui/page";
import { IconAction } from "@/ui/small";
import type { AlertRulesQuery } from "./gql/graphql";
import { AlertRules, DeleteAlertRule, SaveAlertRule } from "./queries";
import { RULE_SEVERITIES, RULE_TYPES } from "./rule-words";

type Rule = AlertRulesQuery["alertRules"][number];
const METRICS = ["evaluations", "denials", "denial_percent", "violations", "blocked_scans", "incidents", "model_calls", "tokens", "usd_micros", "unhealthy_agents"];

/** The condition in words: "Denials reach 20 within 15 minutes". Cost is kept in millionths of a dollar. */
function inWords(rule: Rule): string {
  const config = asFacts(rule.config);
  const threshold = Number(config.threshold ?? 0);
  const value = rule.kind === "usd_micros" ? `${number(threshold / 1e6, 2)} USD` : `${number(threshold)}${rule.kind === "denial_percent" ? " %" : ""}`;
  return t("alertRule.words", { metric: t(`alertRule.${rule.kind}` as "alertRule.denials"), value, minutes: Number(config.window_minutes ?? 0) });
}

export function AlertRuleList() {
  const url = useUrlState();
  const result = useQuery(AlertRules);
  const remove = useChange(DeleteAlertRule);
  const [edited, edit] = useState<Rule>();
  const [doomed, doom] = useState<Rule>();
  const create = <May permission="alerts:write"><Button size="sm" onClick={() => url.set({ new: "alert-rule" })}><Plus size={15} aria-hidden /> {t("alertRule.new")}</Button></May>;
  return (
    <Stack gap="4">
      <HStack justify="space-between" wrap="wrap"><Text fontSize="sm" color="fg.muted" maxW="70ch">{t("alertRule.lead")}</Text>{create}</HStack>
      <Loaded result={result} permission="alerts:read">
        {({ alertRules }) => (
          <Card flush>
            {alertRules.length === 0 ? <NothingState title={t("alertRule.none")} text={t("alertRule.none.text")}>{create}</NothingState> : (
              <Stack as="ul" gap="0" listStyleType="none">
                {alertRules.map((rule) => (
                  <Flex as="li" key={rule.id} px="4" py="3" gap="3" align="center" borderBottomWidth="1px" borderColor="border.muted" wrap="wrap">
                    <Stack gap="0" flex="1" minW="14rem"><Text fontWeight="medium">{rule.name}</Text><Text fontSize="sm" color="fg.muted">{inWords(rule)}</Text></Stack>
                    <StatusBadge value={rule.severity} />
                    <StatusBadge value={rule.enabled ? "enabled" : "disabled"} />
                    <May permission="alerts:write">
                      <HStack gap="0">
                        <IconAction label={`${t("common.edit")}: ${rule.name}`} size="xs" onClick={() => edit(rule)}><Pencil size={14} aria-hidden /></IconAction>
                        <IconAction label={`${t("common.delete")}: ${rule.name}`} size="xs" onClick={() => doom(rule)}><Trash2 size={14} aria-hidden /></IconAction>
                      </HStack>
                    </May>
                  </Flex>
                ))}
              </Stack>
            )}
          </Card>
        )}
      </Loaded>
      {url.get("new") === "alert-rule" ? <RuleForm close={() => url.set({ new: null })} /> : null}
      {edited ? <RuleForm rule={edited} close={() => edit(undefined)} /> : null}
      <ConfirmDialog open={!!doomed} close={() => doom(undefined)} title={t("rules.delete", { name: doomed?.name ?? "" })} text={t("alertRule.delete.text")} action={t("common.delete")} run={() => remove({ id: doomed?.id ?? "" }, t("common.deleted"))} />
    </Stack>
  );
}

function RuleForm({ rule, close }: { rule?: Rule; close: () => void }) {
  const save = useChange(SaveAlertRule);
  const held = asFacts(rule?.config);
  const money = (kind: string) => kind === "usd_micros";
  const [made, set] = useState({
    name: rule?.name ?? "", kind: rule?.kind ?? "denials", severity: rule?.severity ?? "high", enabled: rule?.enabled ?? true, window: asText(held.window_minutes) || "15", agent: asText(held.agent_id),
    threshold: money(rule?.kind ?? "") ? String(Number(held.threshold ?? 0) / 1e6) : asText(held.threshold) || "10", samples: asText(held.least_samples) || "10", ruleType: asText(held.rule_type), least: asText(held.least_severity),
  });
  const put = <Name extends keyof typeof made>(name: Name) => (value: (typeof made)[Name]) => set({ ...made, [name]: value });
  const violations = made.kind === "violations";
  const submit = async () => {
    const config = {
      threshold: money(made.kind) ? Math.round(Number(made.threshold) * 1e6) : Number(made.threshold), window_minutes: Number(made.window),
      ...(made.kind === "denial_percent" ? { least_samples: Number(made.samples) } : {}), ...(made.agent ? { agent_id: made.agent } : {}),
      ...(violations && made.ruleType ? { rule_type: made.ruleType } : {}), ...((violations || made.kind === "incidents") && made.least ? { least_severity: made.least } : {}),
    };
    const outcome = await save({ id: rule?.id ?? null, name: made.name, kind: made.kind, config, severity: made.severity, enabled: made.enabled }, t("common.saved"));
    if (outcome.success) close();
    return outcome;
  };
  return (
    <FormDialog open close={close} title={rule ? t("alertRule.edit") : t("alertRule.new")} submit={submit}>
      <TextField name="name" label={t("common.name")} value={made.name} set={put("name")} required maxLength={255} />
      <ChoiceField name="metric" label={t("alertRule.metric")} value={made.kind} set={put("kind")} choices={METRICS.map((value) => ({ value, label: t(`alertRule.${value}` as "alertRule.denials") }))} />
      <SimpleGrid columns={2} gap="3">
        <TextField name="threshold" label={money(made.kind) ? t("alertRule.thresholdUsd") : t("alertRule.threshold")} type="number" value={made.threshold} set={put("threshold")} required />
        <TextField name="window_minutes" label={t("alertRule.window")} type="number" value={made.window} set={put("window")} required />
      </SimpleGrid>
      {made.kind === "denial_percent" ? <TextField name="least_samples" label={t("alertRule.samples")} type="number" value={made.samples} set={put("samples")} /> : null}
      {violations ? <ChoiceField name="rule_type" label={t("rules.type")} value={made.ruleType} set={put("ruleType")} empty={t("common.any")} choices={choicesOf(null, RULE_TYPES)} /> : null}
      {violations || made.kind === "incidents" ? <ChoiceField name="least_severity" label={t("alertRule.least")} value={made.least} set={put("least")} empty={t("common.any")} choices={choicesOf(null, RULE_SEVERITIES)} /> : null}
      <TextField name="agent_id" label={t("alertRule.agent")} help={t("alertRule.agent.help")} value={made.agent} set={put("agent")} />
      <ChoiceField name="severity" label={t("alertRule.severity")} value={made.severity} set={put("severity")} choices={choicesOf(null, RULE_SEVERITIES)} />
      <SwitchField label={t("rules.enabled")} value={made.enabled} set={put("enabled")} />
    </FormDialog>
  );
}
