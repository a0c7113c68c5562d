// What is missing, per framework: controls that are not met or only in part, and what would close them.
"use client";
import { Box, Button, Flex, HStack, Stack, Text, Wrap } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { Download } from "lucide-react";
import { May } from "@/lib/session";
import { saveFile, toCsv } from "@/lib/save-file";
import { hrefFor, useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { Card, Grid, Loaded, NothingState } from "@/ui/page";
import { GoButton, GoTo } from "@/ui/small";
import { SmallSelect } from "@/ui/span-choice";
import { StatCard } from "@/ui/stat";
import type { GapsQuery } from "./gql/graphql";
import { newPolicyHref } from "./control";
import { Gaps } from "./queries";

type Framework = GapsQuery["frameworks"][number];
type Gap = Framework["controls"][number] & { framework: Framework };
const OPEN = ["not_met", "partial"];

export function GapAnalysis() {
  const url = useUrlState();
  const result = useQuery(Gaps);
  const [only, status] = [url.get("framework") ?? "", url.get("status") ?? ""];
  return (
    <Loaded result={result} permission="compliance:read">
      {({ frameworks }) => {
        const chosen = frameworks.filter((one) => one.enabled);
        const gaps: Gap[] = chosen.flatMap((framework) => framework.controls.filter((one) => OPEN.includes(one.status)).map((one) => ({ ...one, framework })));
        const shown = gaps.filter((one) => (!only || one.framework.id === only) && (!status || one.status === status)).sort((a, b) => Number(b.required) - Number(a.required) || (a.status === b.status ? 0 : a.status === "not_met" ? -1 : 1));
        const types = [...shown.reduce((counted, gap) => gap.policyTypes.reduce((all, one) => all.set(one, (all.get(one) ?? 0) + 1), counted), new Map<string, number>())].sort((a, b) => b[1] - a[1]);
        const save = () => saveFile("gaps.csv", toCsv([[t("nav.framework"), t("common.id"), t("gap.control"), t("common.status"), t("gap.required"), t("compliance.why"), t("compliance.advice")], ...shown.map((one) => [one.framework.name, one.id, one.title, word(one.status), one.required ? t("common.yes") : t("common.no"), one.why, one.advice])]), "text/csv");
        return (
          <Stack gap="4">
            <Grid min="11rem">
              <StatCard label={t("gap.open")} value={gaps.length} />
              <StatCard label={t("gap.requiredOpen")} value={gaps.filter((one) => one.required).length} tone={gaps.some((one) => one.required) ? "critical" : undefined} />
              <StatCard label={t("compliance.partial")} value={gaps.filter((one) => one.status === "partial").length} />
            </Grid>
            {types.length > 0 ? (
              <Card title={t("gap.quickest")}>
                <Text fontSize="sm" color="fg.muted" mb="3">{t("gap.quickest.text")}</Text>
                <Wrap gap="2">{types.slice(0, 6).map(([type, count]) => (
                  <May key={type} permission="policies:write" otherwise={<Tag>{word(type)} · {t("gap.closes", { count })}</Tag>}><GoButton size="xs" variant="outline" href={newPolicyHref(type)}>{word(type)} · {t("gap.closes", { count })}</GoButton></May>
                ))}</Wrap>
              </Card>
            ) : null}
            <Card flush title={`${t("gap.title")} (${shown.length})`} actions={
              <HStack gap="2" wrap="wrap">
                <SmallSelect label={t("nav.framework")} value={only} choices={[{ value: "", label: t("gap.everyFramework") }, ...chosen.map(({ id, name }) => ({ value: id, label: name }))]} choose={(value) => url.set({ framework: value })} />
                <SmallSelect label={t("common.status")} value={status} choices={[{ value: "", label: t("common.all") }, ...OPEN.map((value) => ({ value, label: word(value) }))]} choose={(value) => url.set({ status: value })} />
                <Button size="xs" variant="outline" disabled={shown.length === 0} onClick={save}><Download size={13} aria-hidden /> {t("gap.csv")}</Button>
              </HStack>
            }>
              {chosen.length === 0 ? <NothingState title={t("compliance.noneChosen")} text={t("compliance.noneChosen.text")} /> : shown.length === 0 ? <NothingState title={gaps.length > 0 ? t("state.filtered") : t("gap.none")} text={gaps.length > 0 ? undefined : t("gap.none.text")} /> : (
                <Stack as="ul" gap="0" listStyleType="none">{shown.map((one) => <Row key={`${one.framework.id}/${one.id}`} gap={one} />)}</Stack>
              )}
            </Card>
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Row({ gap }: { gap: Gap }) {
  return (
    <Flex as="li" px="4" py="3" gap="4" borderTopWidth="1px" borderColor="border.muted" align="flex-start" wrap="wrap">
      <Box flex="1 1 20rem" minW="0">
        <HStack gap="2" wrap="wrap" mb="1"><Tag>{gap.framework.name}</Tag><Text fontFamily="mono" fontSize="xs" color="fg.muted">{gap.id}</Text>{gap.required ? null : <Tag>{t("compliance.recommended")}</Tag>}</HStack>
        <GoTo href={`${hrefFor("framework", gap.framework.id)}&control=${encodeURIComponent(gap.id)}`} color="fg">{gap.title}</GoTo>
        <Text fontSize="sm" color="fg.muted">{gap.why}</Text>
      </Box>
      <Box flex="1 1 20rem" minW="0" fontSize="sm">
        <Text>{gap.advice}</Text>
        <May permission="policies:write"><Wrap gap="1.5" mt="1.5">{gap.policyTypes.map((one) => <GoButton key={one} size="2xs" variant="outline" href={newPolicyHref(one)}>{t("compliance.addPolicy", { type: word(one) })}</GoButton>)}</Wrap></May>
      </Box>
      <StatusBadge value={gap.status} />
    </Flex>
  );
}
