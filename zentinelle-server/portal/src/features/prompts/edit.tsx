// Writing a prompt: its text with variables, what it costs in tokens, how it reads filled in, what could be better.
"use client";
import { Box, Button, HStack, SimpleGrid, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useChange } from "@/lib/change";
import { choicesOf } from "@/lib/choices";
import { asFacts, asText, splitWords } from "@/lib/json";
import type { Problem } from "@/lib/outcome";
import { hrefFor, useUrlState } from "@/lib/url";
import { t } from "@/messages";
import { CodeEditor } from "@/ui/code-editor";
import { ChoiceField, FormProblems, LongField, ProblemList, TextField } from "@/ui/dialogs";
import { Card, Loaded, MissingState, Page } from "@/ui/page";
import { GoButton } from "@/ui/small";
import { Analysis } from "./analysis";
import type { PromptRow } from "./detail";
import { PROMPT_STATUSES, PROMPT_TYPES, VISIBILITIES } from "./marks";
import { CreatePrompt, Prompt, PromptKinds, UpdatePrompt } from "./queries";
import { aboutTokens, filledIn, variablesOf } from "./text";

export function PromptEdit() {
  const id = useUrlState().get("id");
  const result = useQuery(Prompt, { variables: { id: id ?? "" }, skip: !id, fetchPolicy: "network-only" });
  if (!id) return <Form />;
  const found = result.data?.systemPrompt;
  if (found) return <Form key={id} id={id} prompt={found} />;
  return <Page title={t("prompt.edit")} permission="prompts:write"><Loaded result={result} permission="prompts:read">{() => <MissingState />}</Loaded></Page>;
}

function Form({ id, prompt }: { id?: string; prompt?: PromptRow }) {
  const router = useRouter();
  const kinds = useQuery(PromptKinds);
  const create = useChange(CreatePrompt);
  const update = useChange(UpdatePrompt);
  const [made, set] = useState({
    name: prompt?.name ?? "", description: prompt?.description ?? "", promptType: prompt?.promptType ?? "system", visibility: prompt?.visibility ?? "organization", status: prompt?.status ?? "draft", categoryId: prompt?.category?.id ?? "",
    temperature: asText(prompt?.recommendedTemperature), maxTokens: asText(prompt?.recommendedMaxTokens), providers: prompt?.compatibleProviders?.join(", ") ?? "", exampleInput: prompt?.exampleInput ?? "", exampleOutput: prompt?.exampleOutput ?? "",
  });
  const [text, setText] = useState(prompt?.promptText ?? "");
  const [values, setValues] = useState<Record<string, string>>(Object.fromEntries(Object.entries(asFacts(prompt?.variableDefaults)).map(([key, value]) => [key, asText(value)])));
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [busy, setBusy] = useState(false);
  const put = (name: keyof typeof made) => (value: string) => set({ ...made, [name]: value });
  const variables = variablesOf(text);
  const save = async () => {
    setBusy(true);
    const { temperature, maxTokens, providers, status, categoryId, ...plain } = made;
    const input = {
      ...plain, promptText: text, categoryId: categoryId || null, recommendedTemperature: temperature ? Number(temperature) : null, recommendedMaxTokens: maxTokens ? Number(maxTokens) : null, compatibleProviders: splitWords(providers),
      variableDefaults: Object.fromEntries(variables.filter((one) => values[one]).map((one) => [one, values[one]])),
    };
    const outcome = id ? await update({ id, input: { ...input, status } }, t("prompt.saved")) : await create({ input }, t("prompt.saved"));
    setBusy(false);
    setProblems(outcome.success ? [] : outcome.problems);
    const kept = outcome.payload?.prompt?.id ?? id;
    if (outcome.success && kept) router.push(hrefFor("prompt", kept));
  };
  return (
    <Page title={id ? t("prompt.editOf", { name: prompt?.name ?? "" }) : t("prompt.new")} lead={id ? t("prompt.edit.lead") : undefined} permission="prompts:write"
      actions={<><GoButton variant="outline" href={id ? hrefFor("prompt", id) : "/prompts/"}>{t("common.cancel")}</GoButton><Button size="sm" type="submit" form="prompt" loading={busy}>{t("common.save")}</Button></>}>
      <FormProblems value={problems}>
        <SimpleGrid as="form" id="prompt" columns={{ base: 1, xl: 3 }} gap="4" alignItems="start" onSubmit={(event) => { event.preventDefault(); void save(); }}>
          <Stack gap="4" gridColumn={{ xl: "span 2" }} minW="0">
            {problems.length > 0 ? <ProblemList problems={problems} /> : null}
            <Card title={t("prompt.text")} actions={<Text fontSize="xs" color="fg.muted" aria-live="polite">{t("prompt.about", { count: aboutTokens(text) })} · {t("prompt.characters", { count: text.length })}</Text>}>
              <CodeEditor label={t("prompt.text")} language="markdown" value={text} onChange={setText} minHeight="22rem" />
              <Text fontSize="xs" color="fg.muted" mt="2">{t("prompt.variables.help", { example: "{{name}}" })}</Text>
            </Card>
            <Card title={t("prompt.preview")}>
              {variables.length > 0 ? (
                <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3" mb="4">
                  {variables.map((one) => <TextField key={one} name={`variable_${one}`} label={`{{${one}}}`} help={t("prompt.default")} value={values[one] ?? ""} set={(value) => setValues({ ...values, [one]: value })} />)}
                </SimpleGrid>
              ) : null}
              <Box as="pre" tabIndex={0} fontSize="sm" fontFamily="mono" whiteSpace="pre-wrap" wordBreak="break-word" bg="bg.subtle" borderWidth="1px" borderColor="border" rounded="l2" p="3" maxH="20rem" overflow="auto">{filledIn(text, values) || t("prompt.empty")}</Box>
            </Card>
            <Analysis text={text} promptType={made.promptType} take={(before, after) => setText((now) => now.replace(before, after))} />
          </Stack>
          <Card title={t("incident.facts")}>
            <Stack gap="4">
              <TextField name="name" label={t("common.name")} value={made.name} set={put("name")} required minLength={3} maxLength={255} />
              <LongField name="description" label={t("common.description")} value={made.description} set={put("description")} rows={2} />
              <ChoiceField name="prompt_type" label={t("common.type")} value={made.promptType} set={put("promptType")} choices={choicesOf(null, PROMPT_TYPES)} />
              <ChoiceField name="category_id" label={t("prompt.category")} value={made.categoryId} set={put("categoryId")} empty={t("common.none")} choices={(kinds.data?.promptCategories ?? []).flatMap(({ id: value, name }) => (value ? [{ value, label: name ?? value }] : []))} />
              <ChoiceField name="visibility" label={t("prompt.visibility")} value={made.visibility} set={put("visibility")} choices={choicesOf(null, VISIBILITIES)} />
              {id ? <ChoiceField name="status" label={t("common.status")} value={made.status} set={put("status")} choices={choicesOf(null, PROMPT_STATUSES)} /> : null}
              <HStack gap="3" align="flex-start">
                <TextField name="recommended_temperature" label={t("prompt.temperature")} type="number" value={made.temperature} set={put("temperature")} />
                <TextField name="recommended_max_tokens" label={t("prompt.maxTokens")} type="number" value={made.maxTokens} set={put("maxTokens")} />
              </HStack>
              <TextField name="compatible_providers" label={t("prompt.providers")} help={t("risk.tags.help")} value={made.providers} set={put("providers")} />
              <LongField name="example_input" label={t("prompt.exampleInput")} value={made.exampleInput} set={put("exampleInput")} />
              <LongField name="example_output" label={t("prompt.exampleOutput")} value={made.exampleOutput} set={put("exampleOutput")} />
            </Stack>
          </Card>
        </SimpleGrid>
      </FormProblems>
    </Page>
  );
}
