// Writing a policy: a form made from the type's schema beside the text, in step; problems in place; a simulation
// before it is saved.
"use client";
import { useApolloClient, useMutation, useQuery } from "@apollo/client/react";
import { Box, Button, HStack, Stack, Text } from "@chakra-ui/react";
import { useRouter } from "next/navigation";
import { useEffect, useMemo, useState } from "react";
import { attempt, type Problem, problemText } from "@/lib/outcome";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { CodeEditor } from "@/ui/code-editor";
import { ChoiceField, ConfirmDialog, FormProblems, LongField, ProblemList, SwitchField, TextField } from "@/ui/dialogs";
import { Card, Page } from "@/ui/page";
import { GoButton } from "@/ui/small";
import { tell } from "@/ui/toasts";
import { changeAt, changeScope, documentPath, type Draft, placeOf, read, toInput, toText } from "./draft";
import type { PolicyQuery } from "./gql/graphql";
import { Impact } from "./impact";
import { AgentChoices, CreatePolicy, GroupChoices, PolicyOptions, PolicySchema, UpdatePolicy, ValidatePolicy } from "./queries";
import { SchemaForm, type Schema } from "./schema-form";

type Kept = NonNullable<PolicyQuery["policy"]>;

export function Writing({ start, kept }: { start: Draft; kept?: Kept }) {
  const router = useRouter();
  const client = useApolloClient();
  const [text, setText] = useState(() => toText(start));
  const [untouched] = useState(text);
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [checking, setChecking] = useState(false);
  const [simulated, setSimulated] = useState<string>();
  const [asking, ask] = useState(false);
  const [create] = useMutation(CreatePolicy);
  const [update] = useMutation(UpdatePolicy);
  const [validate] = useMutation(ValidatePolicy);
  const reading = useMemo(() => read(text), [text]);
  const [last, setLast] = useState<Draft>(start);
  const draft = reading.draft ?? last;
  const { data: schemaData } = useQuery(PolicySchema, { variables: { policyType: draft.policyType }, skip: !draft.policyType });
  const dirty = text !== untouched;

  useEffect(() => {
    if (reading.draft) setLast(reading.draft);
  }, [reading]);
  useEffect(() => {
    if (!reading.draft) return;
    let left = false;
    setChecking(true);
    const { draft: now } = reading;
    const timer = setTimeout(async () => {
      const outcome = await attempt(async () => (await validate({ variables: { input: toInput({ ...now, name: now.name || "?" }, kept?.id) } })).data?.validatePolicy);
      if (left) return;
      setProblems(outcome.problems.map((one) => ({ ...one, path: documentPath(one.path) })));
      setChecking(false);
    }, 450);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [reading, validate, kept?.id]);
  useEffect(() => {
    if (!dirty) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [dirty]);

  const marks = useMemo(() => {
    const { problem } = reading;
    if (problem) return [{ ...problem, severity: "error" as const, message: problem.message ? t("policies.edit.unread", { message: problem.message }) : t("policies.edit.notMap") }];
    return problems.map((one) => ({ ...(placeOf(text, one.path) ?? {}), severity: "error" as const, message: one.message }));
  }, [reading, problems, text]);
  const set = (path: readonly (string | number)[], value: unknown) => setText((was) => changeAt(was, path, value));
  const broken = !reading.draft || marks.length > 0;

  const save = async () => {
    const { draft: now } = reading;
    if (!now) return { success: false, problems: [] };
    const { id: _, policyType, ...rest } = toInput(now);
    const outcome = kept
      ? await attempt(async () => (await update({ variables: { input: { ...rest, id: kept.id } } })).data?.updatePolicy)
      : await attempt(async () => (await create({ variables: { input: { ...rest, policyType } } })).data?.createPolicy);
    if (!outcome.success) {
      setProblems(outcome.problems.map((one) => ({ ...one, path: documentPath(one.path) })));
      tell.failed(t("form.error"), problemText(outcome.problems));
      return outcome;
    }
    tell.done(t("policies.edit.saved"));
    await client.refetchQueries({ include: "active" });
    router.push(`/policies/detail/?id=${kept?.id ?? outcome.payload?.policy?.id ?? ""}`);
    return outcome;
  };
  const wantsSimulation = draft.enforcement === "enforce" && draft.enabled && simulated !== text;

  return (
    <Page title={kept ? t("policies.edit.title", { name: kept.name }) : `${t("policies.edit.new")}: ${word(draft.policyType)}`} lead={t("policies.edit.lead")} permission="policies:write"
      badge={reading.problem || marks.length > 0 ? <StatusBadge value="failed" label={t("policies.edit.problems", { count: marks.length })} /> : checking ? <StatusBadge value="pending" label={t("policies.edit.checking")} tone="quiet" /> : <StatusBadge value="passed" label={t("policies.edit.ok")} />}
      actions={
        <>
          {dirty ? <Text fontSize="xs" color="fg.muted">{t("policies.edit.unsaved")}</Text> : null}
          <GoButton href={kept ? `/policies/detail/?id=${kept.id}` : "/policies/"} variant="outline">{t("common.cancel")}</GoButton>
          <Button size="sm" disabled={broken || checking || (!!kept && !dirty)} onClick={() => (wantsSimulation ? ask(true) : void save())}>{kept ? t("policies.edit.save") : t("policies.edit.save.new")}</Button>
        </>
      }>
      <FormProblems value={problems}>
        <Box display="grid" gap="5" gridTemplateColumns={{ base: "minmax(0, 1fr)", xl: "minmax(0, 1fr) minmax(0, 1fr)" }} alignItems="start">
          <Stack gap="5">
            <Card title={t("policies.edit.form.general")}><General draft={draft} set={set} setScope={(type, target) => setText((was) => changeScope(was, type, target))} /></Card>
            <Card title={`${t("policies.edit.form.rule")}: ${word(draft.policyType)}`}>
              {schemaData?.policySchema ? <SchemaForm schema={schemaData.policySchema as Schema} value={draft.config} path={["config"]} set={set} problems={problems} /> : null}
            </Card>
          </Stack>
          <Box position={{ xl: "sticky" }} top="4.5rem">
            <Card title={t("policies.edit.text")}>
              <Stack gap="3">
                {reading.problem ? <ProblemList problems={marks.map((one) => ({ message: one.message, path: [] }))} /> : problems.length > 0 ? <ProblemList problems={problems} /> : null}
                <CodeEditor label={t("policies.edit.text")} language="yaml" value={text} onChange={setText} problems={marks} minHeight="24rem" maxHeight="70vh" />
              </Stack>
            </Card>
          </Box>
        </Box>
      </FormProblems>
      <Impact draft={broken ? undefined : reading.draft} id={kept?.id} ran={() => setSimulated(text)} />
      <ConfirmDialog open={asking} close={() => ask(false)} title={kept ? t("policies.edit.save") : t("policies.edit.save.new")} text={t("policies.edit.enforcing")} action={t("policies.edit.anyway")} danger={false} run={save} />
    </Page>
  );
}

function General({ draft, set, setScope }: { draft: Draft; set: (path: readonly string[], value: unknown) => void; setScope: (type: string, target: string) => void }) {
  const { data } = useQuery(PolicyOptions);
  const agents = useQuery(AgentChoices, { variables: { search: null }, skip: draft.scopeType !== "endpoint" });
  const groups = useQuery(GroupChoices, { skip: draft.scopeType !== "group" });
  const targets = draft.scopeType === "endpoint" ? agents.data?.agentsPage.nodes.map((one) => ({ value: one.agentId, label: one.name }))
    : draft.scopeType === "group" ? groups.data?.agentGroupsPage.nodes.map((one) => ({ value: one.id, label: one.name })) : undefined;
  const choices = targets && draft.scopeTarget && !targets.some((one) => one.value === draft.scopeTarget) ? [...targets, { value: draft.scopeTarget, label: draft.scopeTarget }] : targets;
  const levels = data?.policyOptions?.enforcementLevels ?? [];
  return (
    <Stack gap="4">
      <TextField name="name" label={t("common.name")} value={draft.name} set={(value) => set(["name"], value)} maxLength={255} required />
      <LongField name="description" label={t("common.description")} rows={2} value={draft.description} set={(value) => set(["description"], value || undefined)} maxLength={2000} />
      <HStack gap="4" align="flex-start" flexDirection={{ base: "column", md: "row" }}>
        <ChoiceField name="scope" label={t("policies.scope")} value={draft.scopeType} set={(value) => setScope(value, "")} choices={(data?.policyOptions?.scopeTypes ?? [{ value: "organization" }]).map((one) => ({ value: one.value ?? "", label: word(one.value) }))} />
        {draft.scopeType === "organization" ? null : choices ? (
          <ChoiceField name="scopeTarget" label={t("policies.edit.target")} value={draft.scopeTarget} set={(value) => setScope(draft.scopeType, value)} choices={choices} empty={t("policies.edit.target.choose")} required />
        ) : (
          <TextField name="scopeTarget" label={t("policies.edit.target")} help={draft.scopeType === "user" ? t("policies.edit.target.user") : undefined} value={draft.scopeTarget} set={(value) => setScope(draft.scopeType, value)} required />
        )}
      </HStack>
      <HStack gap="4" align="flex-start" flexDirection={{ base: "column", md: "row" }}>
        <ChoiceField name="enforcement" label={t("policies.enforcement")} value={draft.enforcement} set={(value) => set(["enforcement"], value)} help={levels.find((one) => one.value === draft.enforcement)?.description} choices={["enforce", "audit", "disabled"].map((value) => ({ value, label: word(value) }))} />
        <TextField name="priority" label={t("policies.priority")} type="number" value={String(draft.priority)} set={(value) => set(["priority"], Number(value) || 0)} help={t("policies.edit.priority.help")} />
      </HStack>
      <SwitchField label={t("policies.enabled")} value={draft.enabled} set={(value) => set(["enabled"], value)} />
    </Stack>
  );
}
