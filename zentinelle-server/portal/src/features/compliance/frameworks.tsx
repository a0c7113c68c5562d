// Every framework known, its status computed from evidence when the page asks.
"use client";
import { Button, Flex, Heading, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { sayProblems, useChange } from "@/lib/change";
import { day } from "@/lib/format";
import { May } from "@/lib/session";
import { hrefFor, useUrlState } from "@/lib/url";
import { t } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { SwitchField } from "@/ui/dialogs";
import { Card, Grid, Loaded, NothingState } from "@/ui/page";
import { GoTo } from "@/ui/small";
import { StatCard } from "@/ui/stat";
import type { FrameworksQuery } from "./gql/graphql";
import { Frameworks, ToggleFramework } from "./queries";
import { metShare, Standing } from "./standing";

export type FrameworkRow = FrameworksQuery["frameworks"][number];

export function FrameworkList() {
  const url = useUrlState();
  const result = useQuery(Frameworks);
  const all = url.get("all") === "true";
  return (
    <Loaded result={result} permission="compliance:read">
      {({ frameworks }) => {
        const chosen = frameworks.filter((one) => one.enabled);
        const sum = (key: "met" | "partial" | "notMet" | "notAssessed") => chosen.reduce((total, one) => total + one[key], 0);
        const shown = all ? frameworks : chosen;
        return (
          <Stack gap="4">
            <Grid min="11rem">
              <StatCard label={t("compliance.chosen")} value={chosen.length} unit={t("compliance.ofAll", { count: frameworks.length })} />
              <StatCard label={t("compliance.met")} value={sum("met")} unit={t("compliance.controls")} tone="good" />
              <StatCard label={t("compliance.partial")} value={sum("partial")} unit={t("compliance.controls")} tone={sum("partial") > 0 ? "medium" : undefined} href="/compliance/?status=partial&tab=gaps" />
              <StatCard label={t("compliance.notMet")} value={sum("notMet")} unit={t("compliance.controls")} tone={sum("notMet") > 0 ? "critical" : undefined} href="/compliance/?status=not_met&tab=gaps" />
              <StatCard label={t("compliance.notAssessed")} value={sum("notAssessed")} unit={t("compliance.controls")} />
            </Grid>
            <HStack justify="space-between" wrap="wrap">
              <Text fontSize="sm" color="fg.muted" maxW="75ch">{t("compliance.computed")}</Text>
              <Button size="xs" variant="outline" aria-pressed={all} onClick={() => url.set({ all: !all })}>{all ? t("compliance.onlyChosen") : t("compliance.showAll")}</Button>
            </HStack>
            {shown.length === 0 ? (
              <Card><NothingState title={t("compliance.noneChosen")} text={t("compliance.noneChosen.text")}><Button size="sm" onClick={() => url.set({ all: true })}>{t("compliance.showAll")}</Button></NothingState></Card>
            ) : <Grid min="22rem">{shown.map((one) => <One key={one.id} framework={one} />)}</Grid>}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function One({ framework }: { framework: FrameworkRow }) {
  const toggle = useChange(ToggleFramework);
  const next = framework.deadlines.find((one) => new Date(one.date).getTime() >= Date.now() - 86_400_000);
  return (
    <Card opacity={framework.enabled ? 1 : 0.85} fill>
      <Stack gap="3" h="100%">
        <Flex justify="space-between" gap="3" align="flex-start">
          <Stack gap="0.5" minW="0">
            <Heading as="h2" size="sm"><GoTo href={hrefFor("framework", framework.id)} color="fg" fontWeight="semibold">{framework.name}</GoTo></Heading>
            <Text fontSize="xs" color="fg.muted">{t("compliance.version", { version: framework.version })}{framework.effectiveFrom ? ` · ${t("compliance.since", { date: day(framework.effectiveFrom) })}` : ""}</Text>
          </Stack>
          <Text fontSize="xl" fontWeight="semibold" fontVariantNumeric="tabular-nums">{metShare(framework)}</Text>
        </Flex>
        <Standing counts={framework} />
        {next ? <Text fontSize="xs" color="fg.muted">{t("compliance.next")}: {day(next.date)} · {next.what}</Text> : null}
        <HStack justify="space-between" mt="auto">
          <May permission="compliance:write" otherwise={<StatusBadge value={framework.enabled ? "enabled" : "disabled"} />}>
            <SwitchField label={t("compliance.applies")} value={framework.enabled} set={async () => sayProblems(await toggle({ frameworkId: framework.id }, t("common.saved")))} />
          </May>
          <GoTo href={hrefFor("framework", framework.id)} fontSize="sm" aria-label={t("compliance.openOf", { name: framework.name })}>{t("compliance.open")}</GoTo>
        </HStack>
      </Stack>
    </Card>
  );
}
