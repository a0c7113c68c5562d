"use client";
import { useApolloClient, useMutation, useQuery, useSubscription } from "@apollo/client/react";
import { Button, HStack, Stack, Tabs, Text } from "@chakra-ui/react";
import { Check, X } from "lucide-react";
import { useState } from "react";
import { number, person } from "@/lib/format";
import { attempt, type Problem } from "@/lib/outcome";
import { useMay } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { LongField, ProblemList, SidePanel } from "@/ui/dialogs";
import { Loaded, MissingState, Page } from "@/ui/page";
import { Countdown, Facts, GoTo, Identifier, JsonText, RelativeTime, Told } from "@/ui/small";
import { type BulkItem, type Column, DataTable, type Filter } from "@/ui/table";
import { tell } from "@/ui/toasts";
import type { ApprovalQuery, ApprovalsPageQuery } from "./gql/graphql";
import { calledOf, decisionOf, factsOf } from "./called";
import { Approval, ApprovalChanged, ApprovalsPage, Approve, Deny } from "./queries";

type Row = ApprovalsPageQuery["approvalsPage"]["nodes"][number];
type Known = NonNullable<ApprovalQuery["approval"]>;
const WRITE = "approvals:write";
const ANSWERED = ["approved", "consumed", "denied", "expired", "cancelled"];

const columns = (waiting: boolean): readonly Column<Row>[] => [
  { key: "action", label: t("approvals.action"), cell: (row) => <Text whiteSpace="nowrap">{calledOf(row)}</Text>, value: calledOf },
  { key: "agentId", label: t("approvals.agent"), cell: (row) => row.endpoint?.name ?? row.agentId, value: (row) => row.agentId },
  { key: "risk", label: t("approvals.risk"), cell: (row) => <StatusBadge value={row.risk} /> },
  { key: "reason", label: t("approvals.reason"), cell: (row) => <Text lineClamp={2} maxW="34rem"><Told text={row.reason} /></Text> },
  { key: "policyName", label: t("approvals.policy"), cell: (row) => row.policyName ?? "–", hidden: waiting },
  { key: "userIdentifier", label: t("approvals.user"), cell: (row) => row.userIdentifier || "–" },
  { key: "requestedAt", label: t("approvals.requested"), sort: "requestedAt", cell: (row) => <RelativeTime at={row.requestedAt} /> },
  ...(waiting ? [{ key: "expiresAt", label: t("approvals.left"), numeric: true, cell: (row: Row) => <Countdown until={row.expiresAt} over={t("approvals.over")} /> }]
    : [{ key: "status", label: t("common.status"), cell: (row: Row) => <StatusBadge value={row.status} /> }, { key: "resolvedBy", label: t("approvals.resolvedBy"), cell: (row: Row) => person(row.resolvedBy) }, { key: "resolvedAt", label: t("approvals.resolved"), cell: (row: Row) => <RelativeTime at={row.resolvedAt} /> }]),
];

export function ApprovalQueue() {
  const url = useUrlState();
  const client = useApolloClient();
  const [approve] = useMutation(Approve);
  const [deny] = useMutation(Deny);
  const waiting = url.get("tab") !== "history";
  const again = () => client.refetchQueries({ include: "active" });
  useSubscription(ApprovalChanged, { onData: () => void again() });
  const filters: readonly Filter[] = [
    { key: "risk", label: t("approvals.risk"), kind: "many", choices: ["critical", "high", "medium", "low"].map((value) => ({ value })) },
    ...(waiting ? [] : [{ key: "status", label: t("common.status"), kind: "many" as const, choices: ANSWERED.map((value) => ({ value })) }, { key: "since", label: t("approvals.requested"), kind: "since" as const }]),
  ];
  const each = (kind: "approve" | "deny") => async (ids: string[]): Promise<BulkItem[]> => {
    const results: BulkItem[] = [];
    for (const id of ids) {
      const { success, problems } = await attempt(async () => (kind === "approve" ? (await approve({ variables: { id } })).data?.approveAction : (await deny({ variables: { id } })).data?.denyAction));
      results.push({ id, success, errors: problems });
    }
    return results;
  };
  return (
    <Page title={t("nav.approvals")} lead={t("approvals.lead")} permission="approvals:read">
      <Tabs.Root value={waiting ? "waiting" : "history"} onValueChange={({ value }) => url.set({ tab: value === "history" ? "history" : null, status: null, since: null, after: null, before: null })} size="sm">
        <Tabs.List><Tabs.Trigger value="waiting">{t("approvals.waiting")}</Tabs.Trigger><Tabs.Trigger value="history">{t("approvals.history")}</Tabs.Trigger></Tabs.List>
      {["waiting", "history"].map((tab) => <Tabs.Content key={tab} value={tab} pt="4">
      {(tab === "waiting") !== waiting ? null : <DataTable key={String(waiting)} name={waiting ? "approvals" : "approvals-history"} label={t("nav.approvals")} document={ApprovalsPage} select={(page) => page.approvalsPage} columns={columns(waiting)} filters={filters}
        fixed={waiting ? { status: ["pending"] } : filtersWithout(url.all("status"))} rowId={(row) => row.id} rowName={(row) => `${calledOf(row)}, ${row.agentId}`} onOpen={(row) => url.set({ open: row.id }, "push")} pollSeconds={waiting ? 10 : undefined}
        sort={{ field: "requestedAt", direction: waiting ? "ASC" : "DESC" }} empty={{ title: t("approvals.empty"), text: t("approvals.empty.text") }}
        bulk={waiting ? [{ key: "approve", label: t("approvals.approve"), permission: WRITE, run: each("approve") }, { key: "deny", label: t("approvals.deny"), permission: WRITE, danger: true, run: each("deny") }] : []} />}
      </Tabs.Content>)}
      </Tabs.Root>
      <Panel id={url.get("open")} close={() => url.set({ open: null })} again={again} />
    </Page>
  );
}

/** The history leaves out what still waits, unless states were chosen. */
function filtersWithout(chosen: readonly string[]): Record<string, unknown> {
  return chosen.length > 0 ? {} : { status: ANSWERED };
}

function Panel({ id, close, again }: { id: string | null; close: () => void; again: () => Promise<unknown> }) {
  const result = useQuery(Approval, { variables: { id: id ?? "" }, skip: !id, fetchPolicy: "cache-and-network", pollInterval: 5_000 });
  const may = useMay();
  const [approve] = useMutation(Approve);
  const [deny] = useMutation(Deny);
  const [comment, setComment] = useState("");
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [busy, setBusy] = useState<"approve" | "deny">();
  const found = result.data?.approval;
  const open = found?.status === "pending" && new Date(found.expiresAt).getTime() > Date.now();
  const answer = async (kind: "approve" | "deny") => {
    setBusy(kind);
    const variables = { id: id ?? "", comment: comment || null };
    const outcome = await attempt(async () => (kind === "approve" ? (await approve({ variables })).data?.approveAction : (await deny({ variables })).data?.denyAction));
    setBusy(undefined);
    setProblems(outcome.problems);
    if (!outcome.success) return;
    tell.done(kind === "approve" ? t("approvals.approved") : t("approvals.denied"));
    setComment("");
    close();
    void again();
  };
  return (
    <SidePanel open={!!id} close={close} size="lg" title={found ? `${calledOf(found)} · ${found.endpoint?.name ?? found.agentId}` : t("nav.approvals")}
      footer={open && may(WRITE) ? (
        <HStack gap="3" w="100%">
          <Text fontSize="sm" color="fg.muted" flex="1">{t("approvals.once")}</Text>
          <Button variant="outline" color="critical.fg" loading={busy === "deny"} onClick={() => void answer("deny")}><X size={15} aria-hidden /> {t("approvals.deny")}</Button>
          <Button loading={busy === "approve"} onClick={() => void answer("approve")}><Check size={15} aria-hidden /> {t("approvals.approve")}</Button>
        </HStack>
      ) : undefined}>
      <Loaded result={result} permission="approvals:read">
        {({ approval }) => (approval ? (
          <Stack gap="5">
            {problems.length > 0 ? <ProblemList problems={problems} /> : null}
            <Known approval={approval} open={open} />
            {open && may(WRITE) ? <LongField name="comment" label={`${t("approvals.comment")} (${t("common.optional")})`} help={t("approvals.comment.help")} value={comment} set={setComment} maxLength={2000} /> : null}
          </Stack>
        ) : <MissingState />)}
      </Loaded>
    </SidePanel>
  );
}

function Known({ approval, open }: { approval: Known; open: boolean }) {
  return (
    <>
      <HStack gap="3" wrap="wrap">
        <StatusBadge value={approval.status} /><StatusBadge value={approval.risk} label={`${t("approvals.risk")}: ${word(approval.risk)}`} />
        {open ? <Text fontSize="sm">{t("approvals.left")} <strong><Countdown until={approval.expiresAt} over={t("approvals.over")} /></strong></Text> : null}
      </HStack>
      <Stack gap="1"><Text fontSize="xs" color="fg.muted">{t("approvals.reason")}</Text><Text><Told text={approval.reason} /></Text></Stack>
      {approval.justification ? <Stack gap="1"><Text fontSize="xs" color="fg.muted">{t("approvals.justification")}</Text><Text>{approval.justification}</Text></Stack> : null}
      <Stack gap="1"><Text fontSize="xs" color="fg.muted">{t("approvals.context")}</Text><JsonText value={factsOf(approval)} maxH="72" /></Stack>
      <Facts items={[
        [t("approvals.agent"), approval.endpoint ? <GoTo key="a" href={`/agents/detail/?id=${approval.endpoint.id}`}>{approval.endpoint.name}</GoTo> : approval.agentId],
        approval.endpoint ? [t("approvals.agentLately"), t("approvals.agentLately.value", { decisions: number(approval.endpoint.decisions24h), denied: number(approval.endpoint.denied24h) })] : null,
        [t("approvals.user"), approval.userIdentifier || "–"],
        approval.policyId ? [t("approvals.policy"), <GoTo key="p" href={`/policies/detail/?id=${approval.policyId}`}>{approval.policyName ?? approval.policyId}</GoTo>] : null,
        decisionOf(approval) ? [t("approvals.decision"), <GoTo key="e" href={`/monitoring/decision/?id=${decisionOf(approval)}`}>{t("approvals.decision.open")}</GoTo>] : null,
        [t("approvals.requested"), <RelativeTime key="r" at={approval.requestedAt} />],
        approval.resolvedAt ? [t("approvals.resolved"), <RelativeTime key="d" at={approval.resolvedAt} />] : null,
        approval.resolvedBy ? [t("approvals.resolvedBy"), person(approval.resolvedBy)] : null,
        approval.comment ? [t("approvals.comment"), approval.comment] : null,
        [t("approvals.digest"), <Stack key="g" gap="0.5"><Identifier value={approval.digest} /><Text fontSize="xs" color="fg.muted">{t("approvals.digest.help")}</Text></Stack>],
      ]} />
    </>
  );
}
