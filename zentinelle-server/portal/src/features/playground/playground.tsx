"use client";
import { useApolloClient, useLazyQuery } from "@apollo/client/react";
import { Box, Button, chakra, Flex, HStack, Input, NativeSelect, Popover, Portal, Spinner, Stack, Table, Text } from "@chakra-ui/react";
import { Ban, Check, CircleDashed, History, ShieldCheck } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { errorText } from "@/lib/apollo";
import { duration, instant } from "@/lib/format";
import { subjectOf } from "@/lib/json";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { CodeEditor } from "@/ui/code-editor";
import { Card, NothingState, Page } from "@/ui/page";
import { JsonText, RelativeTime, Told } from "@/ui/small";
import { tell } from "@/ui/toasts";
import { type Decided, type EngineModule, loadEngine } from "./engine";
import { EXAMPLES } from "./examples";
import { PastDecision, PastDecisions, PoliciesInForce } from "./queries";

type Answer = { decided: Pick<Decided, "allowed" | "effect" | "reason" | "code" | "warnings" | "obligations" | "retryAt" | "document"> & { words: string; changes: readonly string[]; tookUs: number } } | { fault: string };

function useLater<T>(value: T, wait: number): T {
  const [kept, keep] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => keep(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return kept;
}

function decide(engine: EngineModule, policies: string, request: string, times: number): Answer {
  let asked: unknown;
  try {
    asked = JSON.parse(request);
  } catch (error) {
    return { fault: t("playground.notJson", { message: error instanceof Error ? error.message : "" }) };
  }
  try {
    const made = engine.Engine.fromYaml(policies, { ledger: new engine.MemoryLedger() });
    for (let turn = 1; turn < times; turn += 1) made.decide(asked).dispose();
    const from = performance.now();
    const one = made.decide(asked);
    const tookUs = (performance.now() - from) * 1000;
    const { allowed, effect, reason, code, warnings, obligations, retryAt, document } = one;
    const decided = { allowed, effect, reason, code, warnings, obligations, retryAt, document, words: one.explain().trimEnd(), changes: one.smallestChange(), tookUs };
    one.dispose();
    return { decided };
  } catch (error) {
    return { fault: error instanceof Error && error.name !== "PolicyError" ? error.message : t("playground.mend") };
  }
}

export function Playground() {
  const url = useUrlState();
  const client = useApolloClient();
  const [engine, setEngine] = useState<EngineModule>();
  const [failure, setFailure] = useState<string>();
  const [policies, setPolicies] = useState(EXAMPLES[0]?.policies ?? "");
  const [request, setRequest] = useState(JSON.stringify(EXAMPLES[0]?.request, null, 2));
  const [times, setTimes] = useState(1);
  const asked = useLater(useMemo(() => ({ policies, request, times }), [policies, request, times]), 150);
  const wanted = url.get("policy");
  const past = url.get("decision");

  useEffect(() => void loadEngine().then((made) => setEngine(() => made), (error: unknown) => setFailure(errorText(error))), []);
  const loadPolicies = async (ids?: string[]) => {
    try {
      const { data } = await client.query({ query: PoliciesInForce, variables: { ids }, fetchPolicy: "network-only" });
      if (data) setPolicies(data.policyExport);
    } catch (error) {
      tell.failed(t("state.failed"), errorText(error));
    }
  };
  const loadPast = async (id: string) => {
    try {
      const { data } = await client.query({ query: PastDecision, variables: { id }, fetchPolicy: "network-only" });
      const found = data?.decision;
      if (!found) return tell.failed(t("state.missing"));
      setRequest(JSON.stringify({ action: found.action, agent_id: found.agentId, ...(found.userIdentifier ? { user_id: found.userIdentifier } : {}), now: found.decidedAt, context: found.context ?? {} }, null, 2));
      setTimes(1);
      tell.info(t("playground.past.loaded", { answer: found.allowed ? t("playground.permit") : t("playground.deny") }));
    } catch (error) {
      tell.failed(t("state.failed"), errorText(error));
    }
  };
  useEffect(() => {
    if (wanted) void loadPolicies([wanted]);
    if (past) {
      if (!wanted) void loadPolicies();
      void loadPast(past);
    }
    // Only what the address names, once for each.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [wanted, past]);

  const checked = useMemo(() => engine?.validatePolicies(asked.policies), [engine, asked.policies]);
  const answer = useMemo(() => (engine ? decide(engine, asked.policies, asked.request, asked.times) : undefined), [engine, asked]);
  const marks = useMemo(() => (checked?.problems ?? []).map((one) => ({ ...one, severity: one.severity === "error" ? ("error" as const) : ("warning" as const), message: one.help ? `${one.message} (${one.help})` : one.message })), [checked]);
  return (
    <Page title={t("nav.playground")} lead={t("playground.lead")} permission="policies:read"
      actions={
        <>
          <NativeSelect.Root size="sm" w="14rem">
            <NativeSelect.Field aria-label={t("playground.examples")} defaultValue="0" onChange={({ target }) => {
              const chosen = EXAMPLES[Number(target.value)];
              if (!chosen) return;
              setPolicies(chosen.policies);
              setRequest(JSON.stringify(chosen.request, null, 2));
              setTimes(chosen.times ?? 1);
            }}>
              {EXAMPLES.map((one, index) => <option key={one.name} value={index}>{one.name}</option>)}
            </NativeSelect.Field>
            <NativeSelect.Indicator />
          </NativeSelect.Root>
          <Button size="sm" variant="outline" onClick={() => void loadPolicies()}><ShieldCheck size={14} aria-hidden /> {t("playground.inForce")}</Button>
          <PastMenu choose={(id) => url.set({ decision: id })} />
        </>
      }>
      <Box display="grid" gap="4" gridTemplateColumns={{ base: "minmax(0,1fr)", lg: "minmax(0,1fr) minmax(0,1fr)" }} alignItems="start">
        <Stack gap="4">
          <Card title={t("playground.policies")} actions={checked ? <StatusBadge value={checked.usable ? (checked.problems.length > 0 ? "warn" : "passed") : "failed"} label={checked.problems.length > 0 ? t("playground.problems", { count: checked.problems.length }) : t("playground.usable", { count: checked.policies.length })} /> : undefined}>
            <CodeEditor label={t("playground.policies")} language="yaml" value={policies} onChange={setPolicies} problems={marks} minHeight="18rem" maxHeight="50vh" />
            {checked && checked.problems.length > 0 ? (
              <Stack as="ul" gap="1.5" mt="3" listStyleType="none" fontSize="sm">
                {checked.problems.map((one, index) => (
                  <Box as="li" key={index} color={one.severity === "error" ? "critical.fg" : "medium.fg"}>
                    {one.line ? <strong>{t("playground.line", { line: one.line })}: </strong> : null}{one.message}{one.help ? <Text as="span" color="fg.muted"> {one.help}</Text> : null}
                  </Box>
                ))}
              </Stack>
            ) : null}
          </Card>
          <Card title={t("playground.request")} actions={
            <HStack gap="2"><Text fontSize="xs" color="fg.muted" id="times">{t("playground.times")}</Text><Input size="xs" w="16" type="number" min={1} max={1000} aria-labelledby="times" title={t("playground.times.help")} value={times} onChange={({ target }) => setTimes(Math.min(1000, Math.max(1, Number(target.value) || 1)))} /></HStack>
          }>
            <CodeEditor label={t("playground.request")} language="json" value={request} onChange={setRequest} minHeight="12rem" maxHeight="40vh" />
          </Card>
        </Stack>
        <Box aria-live="polite" position={{ lg: "sticky" }} top="4.5rem">
          {failure ? <NothingState title={t("playground.failed", { message: failure })} /> : !answer ? <Card><HStack><Spinner size="sm" /><Text fontSize="sm">{t("playground.loading")}</Text></HStack></Card>
            : "fault" in answer ? <Card title={t("playground.decision")}><HStack color="medium.fg"><CircleDashed size={18} aria-hidden /><Text>{t("playground.undecided")}: {answer.fault}</Text></HStack></Card>
            : <Said {...answer.decided} />}
        </Box>
      </Box>
    </Page>
  );
}

function Said({ effect, allowed, reason, code, warnings, obligations, retryAt, document, words, changes, tookUs }: Extract<Answer, { decided: unknown }>["decided"]) {
  const tone = allowed && effect === "permit" ? "good" : effect === "deny" ? "critical" : "medium";
  const Icon = effect === "permit" ? Check : effect === "deny" ? Ban : CircleDashed;
  return (
    <Stack gap="4">
      <Box bg={`${tone}.bg`} color={`${tone}.fg`} borderWidth="1px" borderColor={`${tone}.solid`} rounded="l3" p="4" data-testid="decision" data-effect={effect}>
        <Flex justify="space-between" wrap="wrap" gap="2">
          <HStack gap="2.5"><Icon size={22} aria-hidden /><Text fontSize="xl" fontWeight="semibold">{t(`playground.${effect}`)}</Text></HStack>
          <Text fontSize="xs">{t("playground.took", { time: duration(tookUs) })}</Text>
        </Flex>
        {reason ? <Text mt="2"><Told text={reason} /></Text> : null}
        <HStack gap="4" mt="2" fontSize="sm" wrap="wrap">
          {code ? <chakra.code fontFamily="mono">{code}</chakra.code> : null}
          <Text>{t("playground.risk")} {document.risk_score} {t("playground.ofHundred")}</Text>
          {retryAt ? <Text>{t("playground.retry")} {instant(retryAt.toISOString())}</Text> : null}
        </HStack>
      </Box>
      <Card title={t("playground.said")} flush>
        <Box overflowX="auto" tabIndex={0}>
          <Table.Root size="sm">
            <Table.Header><Table.Row>{[t("playground.policy"), t("common.type"), t("decision.verdict")].map((one) => <Table.ColumnHeader key={one} px="4">{one}</Table.ColumnHeader>)}</Table.Row></Table.Header>
            <Table.Body>
              {document.policies_evaluated.map((one) => (
                <Table.Row key={one.id} bg={document.determining.includes(one.id) ? "accent.subtle" : undefined}>
                  <Table.Cell px="4" fontWeight={document.determining.includes(one.id) ? "semibold" : undefined}>{one.name}</Table.Cell>
                  <Table.Cell px="4"><Tag>{word(one.type)}</Tag></Table.Cell>
                  <Table.Cell px="4">{one.passed ? <StatusBadge value={one.applicable ? "satisfied" : "not_applicable"} label={one.applicable ? t("playground.passed") : t("playground.silent")} /> : <Text color="critical.fg"><Told text={one.message} /></Text>}</Table.Cell>
                </Table.Row>
              ))}
            </Table.Body>
          </Table.Root>
        </Box>
      </Card>
      {changes.length > 0 ? <Card title={t("playground.change")}><Stack as="ul" gap="1" ps="4" fontSize="sm" listStyleType="disc">{changes.map((one) => <li key={one}><Told text={one} /></li>)}</Stack></Card> : null}
      {obligations.length > 0 ? <Card title={t("playground.obligations")}><JsonText value={obligations} maxH="40" /></Card> : null}
      {warnings.length > 0 ? <Card title={t("playground.warnings")}><Stack gap="1" fontSize="sm" color="medium.fg">{warnings.map((one) => <Text key={one}><Told text={one} /></Text>)}</Stack></Card> : null}
      <Card title={t("playground.explain")}><JsonText value={words} maxH="72" whiteSpace="pre-wrap" /></Card>
    </Stack>
  );
}

/** Decisions that were made, to ask again. */
function PastMenu({ choose }: { choose: (id: string) => void }) {
  const [load, { data, previousData, loading, error }] = useLazyQuery(PastDecisions);
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const search = useLater(text.trim(), 250);
  useEffect(() => {
    if (open) void load({ variables: { search: search || null } });
  }, [open, search, load]);
  const found = (data ?? previousData)?.decisionsPage.nodes;
  const said = error ? errorText(error) : found?.length === 0 && !loading ? t(search ? "playground.past.none" : "playground.past.empty") : found ? undefined : t("playground.past.loading");
  return (
    <Popover.Root open={open} onOpenChange={(change) => setOpen(change.open)} positioning={{ placement: "bottom-end" }} lazyMount>
      <Popover.Trigger asChild><Button size="sm" variant="outline"><History size={14} aria-hidden /> {t("playground.past")}</Button></Popover.Trigger>
      <Portal>
        <Popover.Positioner>
          <Popover.Content w="min(28rem, calc(100vw - 1rem))" aria-label={t("playground.past")}>
            <Box p="2"><Input size="sm" type="search" aria-label={t("playground.past.search")} placeholder={t("playground.past.search")} value={text} onChange={({ target }) => setText(target.value)} /></Box>
            <Stack gap="0" maxH="20rem" overflow="auto" pb="2" aria-live="polite" aria-busy={loading}>
              {said ? <Text px="3" py="2" fontSize="sm" color={error ? "critical.fg" : "fg.muted"}>{said}</Text> : null}
              {found?.map((one) => (
                <chakra.button key={one.id} type="button" display="flex" justifyContent="space-between" alignItems="center" gap="3" px="3" py="2" fontSize="sm" textAlign="start" cursor="pointer" _hover={{ bg: "bg.subtle" }} onClick={() => { setOpen(false); choose(one.id); }}>
                  <Box minW="0">
                    <Text truncate>{[word(one.action), subjectOf(one.context)].filter(Boolean).join(": ")}</Text>
                    <Text fontSize="xs" color="fg.muted" truncate>{one.agentId} · <RelativeTime at={one.decidedAt} />{one.code ? <> · <chakra.code fontFamily="mono">{one.code}</chakra.code></> : null}</Text>
                  </Box>
                  <StatusBadge value={one.allowed ? "allowed" : "denied"} />
                </chakra.button>
              ))}
            </Stack>
          </Popover.Content>
        </Popover.Positioner>
      </Portal>
    </Popover.Root>
  );
}
