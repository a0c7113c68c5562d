// Writing a content rule, and trying it on a text.
"use client";
import { SimpleGrid, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { choicesOf } from "@/lib/choices";
import { asFacts, asText, asWords, type Facts } from "@/lib/json";
import { useMay } from "@/lib/session";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { ChoiceField, FormDialog, LongField, SwitchField, TextField } from "@/ui/dialogs";
import { JsonText } from "@/ui/small";
import { CreateRule, RuleOptions, TestRule, UpdateRule } from "./queries";
import { type Rule, RULE_ENFORCEMENTS, RULE_SEVERITIES, RULE_TYPES, SCAN_MODES, SETTINGS, type Setting } from "./rule-words";

/** One setting of the rule's type, as a switch, lines, a number or a choice. */
function SettingField({ setting, config, set }: { setting: Setting; config: Facts; set: (config: Facts) => void }) {
  const { key, kind } = setting;
  const put = (value: unknown) => set({ ...config, [key]: value });
  if (kind === "yes" || kind === "no") return <SwitchField label={word(key)} value={typeof config[key] === "boolean" ? config[key] : kind === "yes"} set={put} />;
  if (kind === "sensitivity") return <ChoiceField name={key} label={word(key)} value={asText(config[key]) || "medium"} set={put} choices={choicesOf(null, ["low", "medium", "high"])} />;
  if (kind === "number") return <TextField name={key} label={word(key)} type="number" value={asText(config[key])} set={(text) => put(text === "" ? undefined : Number(text))} required />;
  return <LongField name={key} label={word(key)} help={t("rules.lines")} value={asWords(config[key]).join("\n")} set={(text) => put(text === "" ? undefined : text.split("\n"))} mono />;
}

/** Lines that are still empty while one types are not sent; what does not belong to the type is left behind. */
function sent(ruleType: string, config: Facts): Facts {
  const known = SETTINGS[ruleType];
  const kept = Object.entries(config).filter(([key, value]) => value !== undefined && (!known || known.some((one) => one.key === key)));
  return Object.fromEntries(kept.map(([key, value]) => [key, Array.isArray(value) ? value.map(String).filter((one) => one.trim() !== "") : value]));
}

export function RuleDialog({ rule, close }: { rule?: Rule; close: () => void }) {
  const may = useMay()("content_rules:write");
  const { data } = useQuery(RuleOptions, { skip: !may });
  const create = useChange(CreateRule);
  const update = useChange(UpdateRule);
  const [made, set] = useState({
    name: rule?.name ?? "", description: rule?.description ?? "", ruleType: rule?.ruleType ?? "pii_detection", severity: rule?.severity ?? "medium", enforcement: rule?.enforcement ?? "log_only", scanMode: rule?.scanMode ?? "both",
    scanInput: rule?.scanInput ?? true, scanOutput: rule?.scanOutput ?? false, scanContext: rule?.scanContext ?? false, priority: String(rule?.priority ?? 0), enabled: rule?.enabled ?? true,
    notifyUser: rule?.notifyUser ?? false, notifyAdmins: rule?.notifyAdmins ?? false, webhookUrl: rule?.webhookUrl ?? "",
  });
  const [config, setConfig] = useState<Facts>(asFacts(rule?.config));
  const put = <Name extends keyof typeof made>(name: Name) => (value: (typeof made)[Name]) => set({ ...made, [name]: value });
  const submit = async () => {
    const input = { ...made, priority: Number(made.priority) || 0, config: sent(made.ruleType, config) };
    const outcome = rule ? await update({ id: rule.id, input: { ...input, id: rule.id } }, t("common.saved")) : await create({ input }, t("rules.created"));
    if (outcome.success) close();
    return outcome;
  };
  const options = data?.contentRuleOptions;
  const settings = SETTINGS[made.ruleType] ?? [];
  const switches = settings.filter((one) => one.kind === "yes" || one.kind === "no");
  if (!may && rule)
    return (
      <FormDialog open close={close} title={rule.name} submit={submit} after={<Stack gap="3"><Text fontSize="sm">{rule.description}</Text><JsonText value={rule.config} /></Stack>}>{null}</FormDialog>
    );
  return (
    <FormDialog open close={close} size="lg" title={rule ? t("rules.edit") : t("rules.new")} submit={submit} submitLabel={rule ? undefined : t("rules.new")}>
      <TextField name="name" label={t("common.name")} value={made.name} set={put("name")} required minLength={2} maxLength={255} />
      <LongField name="description" label={t("common.description")} value={made.description} set={put("description")} rows={2} />
      <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3">
        <ChoiceField name="rule_type" label={t("rules.type")} value={made.ruleType} set={put("ruleType")} choices={choicesOf(options?.ruleTypes, RULE_TYPES)} />
        <ChoiceField name="severity" label={t("risk.severity")} value={made.severity} set={put("severity")} choices={choicesOf(options?.severities, RULE_SEVERITIES)} />
        <ChoiceField name="enforcement" label={t("decision.enforcement")} value={made.enforcement} set={put("enforcement")} choices={choicesOf(options?.enforcements, RULE_ENFORCEMENTS)} />
        <ChoiceField name="scan_mode" label={t("rules.mode")} value={made.scanMode} set={put("scanMode")} choices={choicesOf(options?.scanModes, SCAN_MODES)} />
      </SimpleGrid>
      {settings.length > 0 ? <Text fontSize="sm" fontWeight="medium">{t("rules.settings", { type: word(made.ruleType) })}</Text> : null}
      {switches.length > 0 ? <SimpleGrid columns={{ base: 1, sm: 2 }} gap="2">{switches.map((one) => <SettingField key={one.key} setting={one} config={config} set={setConfig} />)}</SimpleGrid> : null}
      {settings.filter((one) => !switches.includes(one)).map((one) => <SettingField key={one.key} setting={one} config={config} set={setConfig} />)}
      <Text fontSize="sm" fontWeight="medium">{t("rules.where")}</Text>
      <SimpleGrid columns={{ base: 1, sm: 3 }} gap="2">
        <SwitchField label={t("rules.input")} value={made.scanInput} set={put("scanInput")} />
        <SwitchField label={t("rules.output")} value={made.scanOutput} set={put("scanOutput")} />
        <SwitchField label={t("rules.context")} value={made.scanContext} set={put("scanContext")} />
        <SwitchField label={t("rules.notifyUser")} value={made.notifyUser} set={put("notifyUser")} />
        <SwitchField label={t("rules.notifyAdmins")} value={made.notifyAdmins} set={put("notifyAdmins")} />
        <SwitchField label={t("rules.enabled")} value={made.enabled} set={put("enabled")} />
      </SimpleGrid>
      <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3">
        <TextField name="priority" label={t("rules.priority")} help={t("rules.priority.help")} type="number" value={made.priority} set={put("priority")} />
        <TextField name="webhook_url" label={t("rules.webhook")} type="url" value={made.webhookUrl} set={put("webhookUrl")} />
      </SimpleGrid>
    </FormDialog>
  );
}

export function TestDialog({ rule, close }: { rule: Rule; close: () => void }) {
  const test = useChange(TestRule);
  const [text, setText] = useState("");
  const [found, setFound] = useState<{ matched: boolean; matches: readonly unknown[] }>();
  const submit = async () => {
    const outcome = await test({ id: rule.id, content: text });
    setFound(outcome.success ? { matched: outcome.payload?.matched === true, matches: outcome.payload?.matches ?? [] } : undefined);
    return outcome;
  };
  return (
    <FormDialog open close={close} size="lg" title={t("rules.testOf", { name: rule.name })} lead={t("rules.test.lead")} submit={submit} submitLabel={t("rules.test")}>
      <LongField name="content" label={t("rules.test.text")} value={text} set={(value) => { setText(value); setFound(undefined); }} rows={6} required mono />
      <Stack gap="2" aria-live="polite">
        {found ? <StatusBadge alignSelf="flex-start" value={found.matched ? "warning" : "passed"} label={found.matched ? t("rules.test.found", { count: Math.max(1, found.matches.length) }) : t("rules.test.nothing")} /> : null}
        {found?.matches.map((one, index) => <JsonText key={index} value={one} />)}
      </Stack>
    </FormDialog>
  );
}
