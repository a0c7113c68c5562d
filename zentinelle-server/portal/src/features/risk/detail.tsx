// One risk: how big it is, what is done about it, who answers for it, and what it is tied to.
"use client";
import { Button, HStack, Menu, Portal, SimpleGrid, Stack, Text, Wrap } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { CheckCheck, ChevronDown, Pencil, Trash2 } from "lucide-react";
import dynamic from "next/dynamic";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { day, instant } from "@/lib/format";
import { asWords } from "@/lib/json";
import { May } from "@/lib/session";
import { hrefFor, useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { ConfirmDialog } from "@/ui/dialogs";
import { Card, Loaded, MissingState, Page } from "@/ui/page";
import { Facts, GoTo, Identifier, RelativeTime } from "@/ui/small";
import { DeleteRisk, ReviewRisk, RiskRecord, UpdateRisk } from "./queries";
import { ReviewDate } from "./review-date";
import type { RiskRow } from "./risk-form";
import { factorName, levelOf, RISK_STATUSES } from "./scale";

const RiskDialog = dynamic(() => import("./risk-form").then((made) => made.RiskDialog), { ssr: false });

export function RiskDetail() {
  const id = useUrlState().get("id") ?? "";
  const result = useQuery(RiskRecord, { variables: { id }, skip: !id });
  const risk = result.data?.risk;
  return (
    <Page title={risk?.name ?? t("nav.risk")} permission="risks:read" badge={risk ? <><StatusBadge value={risk.status} /><StatusBadge value={risk.riskLevel} /></> : null} actions={risk ? <Actions risk={risk} /> : null}>
      {!id ? <MissingState /> : (
        <Loaded result={result} permission="risks:read">{({ risk: found }) => (found ? <Body risk={found} /> : <MissingState><GoTo href="/risk/">{t("nav.risk")}</GoTo></MissingState>)}</Loaded>
      )}
    </Page>
  );
}

function Actions({ risk }: { risk: RiskRow }) {
  const url = useUrlState();
  const router = useRouter();
  const review = useChange(ReviewRisk);
  const update = useChange(UpdateRisk);
  const remove = useChange(DeleteRisk);
  const [doomed, doom] = useState(false);
  return (
    <May permission="risks:write">
      <Menu.Root lazyMount onSelect={async ({ value }) => sayProblems(await update({ id: risk.id, input: { id: risk.id, status: value } }, t("common.saved")))}>
        <Menu.Trigger asChild><Button size="sm" variant="outline">{t("risk.setStatus")} <ChevronDown size={14} aria-hidden /></Button></Menu.Trigger>
        <Portal><Menu.Positioner><Menu.Content>
          {RISK_STATUSES.filter((one) => one !== risk.status).map((one) => <Menu.Item key={one} value={one}>{word(one)}</Menu.Item>)}
        </Menu.Content></Menu.Positioner></Portal>
      </Menu.Root>
      <Button size="sm" variant="outline" onClick={async () => sayProblems(await review({ id: risk.id }, t("risk.reviewed")))}><CheckCheck size={15} aria-hidden /> {t("risk.markReviewed")}</Button>
      <Button size="sm" variant="outline" color="critical.fg" onClick={() => doom(true)}><Trash2 size={15} aria-hidden /> {t("common.delete")}</Button>
      <Button size="sm" onClick={() => url.set({ edit: true })}><Pencil size={15} aria-hidden /> {t("common.edit")}</Button>
      {url.get("edit") === null ? null : <RiskDialog open close={() => url.set({ edit: null })} risk={risk} />}
      <ConfirmDialog open={doomed} close={() => doom(false)} title={t("risk.delete", { name: risk.name })} text={t("risk.delete.text")} action={t("common.delete")}
        run={async () => { const outcome = await remove({ id: risk.id }, t("common.deleted")); if (outcome.success) router.push("/risk/"); return outcome; }} />
    </May>
  );
}

function ScoreCard({ title, score, level, factors, note }: { title: string; score: number | null | undefined; level?: string | null; factors: readonly (number | null | undefined)[]; note?: string }) {
  const known = score ?? undefined;
  return (
    <Card title={title}>
      {known === undefined ? <Text fontSize="sm" color="fg.muted">{note}</Text> : (
        <Stack gap="3">
          <HStack align="baseline" gap="3">
            <Text fontSize="3xl" fontWeight="semibold" letterSpacing="-0.02em" color={`${levelOf(known)}.fg`}>{known}</Text>
            <Text color="fg.muted" fontSize="sm">{t("risk.of512")}</Text>
            <StatusBadge value={level ?? levelOf(known)} />
          </HStack>
          <SimpleGrid columns={3} gap="3">
            {(["severity", "likelihood", "impact"] as const).map((name, index) => (
              <Stack key={name} gap="0"><Text fontSize="xs" color="fg.muted">{t(`risk.${name}`)}</Text><Text fontSize="sm">{factors[index] ? `${factors[index]} · ${factorName(factors[index])}` : t("risk.asBefore")}</Text></Stack>
            ))}
          </SimpleGrid>
        </Stack>
      )}
    </Card>
  );
}

function Links({ title, none, children, count }: { title: string; none: string; children: React.ReactNode; count: number }) {
  return <Card title={`${title} (${count})`}>{count === 0 ? <Text fontSize="sm" color="fg.muted">{none}</Text> : <Stack as="ul" gap="2.5" listStyleType="none" fontSize="sm">{children}</Stack>}</Card>;
}

function Body({ risk }: { risk: RiskRow }) {
  return (
    <Stack gap="4">
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap="4">
        <ScoreCard title={t("risk.score.now")} score={risk.riskScore} level={risk.riskLevel} factors={[risk.severity, risk.likelihood, risk.impact]} />
        <ScoreCard title={t("risk.score.after")} score={risk.residualRiskScore} level={risk.residualRiskLevel} factors={[risk.residualSeverity, risk.residualLikelihood, risk.residualImpact]} note={t("risk.noResidual")} />
      </SimpleGrid>
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap="4">
        <Card title={t("risk.about")}>
          <Text whiteSpace="pre-wrap" mb="4">{risk.description || "–"}</Text>
          <Facts items={[
            [t("risk.category"), word(risk.category)],
            [t("risk.owner"), risk.ownerName || risk.owner || t("risk.owner.none")],
            [t("risk.review"), <ReviewDate key="review" date={risk.nextReviewDate} />],
            [t("risk.lastReviewed"), risk.lastReviewedAt ? <><RelativeTime at={risk.lastReviewedAt} />{risk.lastReviewedByName ? ` · ${risk.lastReviewedByName}` : ""}</> : t("common.never")],
            [t("risk.identified"), day(risk.identifiedAt)],
            [t("common.updated"), instant(risk.updatedAt, false)],
            [t("risk.tags"), asWords(risk.tags).length > 0 ? <Wrap key="tags" gap="1">{asWords(risk.tags).map((one) => <Tag key={one}>{one}</Tag>)}</Wrap> : "–"],
            [t("common.id"), <Identifier key="id" value={risk.id} short />],
          ]} />
        </Card>
        <Card title={t("risk.plan")} actions={<StatusBadge value={risk.mitigationStatus} />}>
          <Text whiteSpace="pre-wrap" color={risk.mitigationPlan ? undefined : "fg.muted"}>{risk.mitigationPlan || t("fmea.noPlan")}</Text>
        </Card>
      </SimpleGrid>
      <SimpleGrid columns={{ base: 1, lg: 3 }} gap="4">
        <Links title={t("risk.policies")} none={t("risk.policies.none")} count={risk.policies.length}>
          {risk.policies.map((one) => <HStack as="li" key={one.id} justify="space-between"><GoTo href={hrefFor("policy", one.id)}>{one.name}</GoTo><StatusBadge value={one.enabled ? one.enforcement : "disabled"} /></HStack>)}
        </Links>
        <Links title={t("risk.agents")} none={t("risk.agents.none")} count={risk.agents.length}>
          {risk.agents.map((one) => <HStack as="li" key={one.id} justify="space-between"><GoTo href={hrefFor("agent", one.id)}>{one.name}</GoTo><StatusBadge value={one.health} /></HStack>)}
        </Links>
        <Links title={t("risk.incidents")} none={t("risk.incidents.none")} count={risk.incidents.length}>
          {risk.incidents.map((one) => <HStack as="li" key={one.id} justify="space-between"><GoTo href={hrefFor("incident", one.id)}>{one.title}</GoTo><HStack><StatusBadge value={one.severity} /><StatusBadge value={one.status} /></HStack></HStack>)}
        </Links>
      </SimpleGrid>
    </Stack>
  );
}
