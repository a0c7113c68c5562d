// One framework: its controls, why each stands where it stands, and by when what is due.
"use client";
import { Button, chakra, HStack, Input, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { FileText } from "lucide-react";
import { May } from "@/lib/session";
import { day } from "@/lib/format";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { Card, Grid, Loaded, MissingState, NothingState, Page } from "@/ui/page";
import { Facts, GoButton, GoTo } from "@/ui/small";
import type { FrameworkQuery } from "./gql/graphql";
import { Control } from "./control";
import { DeadlineList } from "./deadlines";
import { Framework } from "./queries";
import { metShare, Standing } from "./standing";

type Row = NonNullable<FrameworkQuery["framework"]>;
const STATUSES = ["met", "partial", "not_met", "not_assessed"];

export function SourceLink({ source }: { source: string }) {
  return /^https?:\/\//.test(source) ? <chakra.a href={source} target="_blank" rel="noreferrer noopener" color="accent.fg" wordBreak="break-all">{source}</chakra.a> : <>{source || "–"}</>;
}

export function FrameworkDetail() {
  const id = useUrlState().get("id") ?? "";
  const result = useQuery(Framework, { variables: { id }, skip: !id });
  const framework = result.data?.framework;
  return (
    <Page title={framework?.name ?? t("nav.framework")} permission="compliance:read" badge={framework ? <StatusBadge value={framework.enabled ? "enabled" : "disabled"} label={framework.enabled ? t("compliance.appliesHere") : t("compliance.notHere")} /> : null}
      actions={framework ? <May permission="reports:write"><GoButton href={`/compliance/reports/?framework=${framework.id}&new=report`} variant="outline"><FileText size={15} aria-hidden /> {t("report.new")}</GoButton></May> : null}>
      {!id ? <MissingState /> : <Loaded result={result} permission="compliance:read">{({ framework: found }) => (found ? <Body framework={found} /> : <MissingState><GoTo href="/compliance/">{t("nav.compliance")}</GoTo></MissingState>)}</Loaded>}
    </Page>
  );
}

function Body({ framework }: { framework: Row }) {
  const url = useUrlState();
  const status = STATUSES.find((one) => one === url.get("status"));
  const text = (url.get("search") ?? "").toLowerCase();
  const shown = framework.controls.filter((one) => (!status || one.status === status) && (!text || `${one.id} ${one.title} ${one.category}`.toLowerCase().includes(text)));
  const categories = [...new Set(shown.map((one) => one.category))];
  return (
    <Stack gap="4">
      <Grid min="22rem">
        <Card title={t("compliance.standing")} actions={<Text fontSize="2xl" fontWeight="semibold">{metShare(framework)}</Text>}>
          <Standing counts={framework} />
          <Text fontSize="xs" color="fg.muted" mt="3">{t("compliance.computed")}</Text>
        </Card>
        <Card title={t("compliance.about")}>
          <Facts items={[[t("compliance.versionLabel"), framework.version], [t("compliance.effective"), day(framework.effectiveFrom)], [t("compliance.source"), <SourceLink key="source" source={framework.source} />]]} />
        </Card>
        <Card title={t("compliance.deadlines")}>
          {framework.deadlines.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("deadline.none")}</Text> : <DeadlineList deadlines={framework.deadlines} />}
        </Card>
      </Grid>
      <Card flush title={`${t("compliance.controlsTitle")} (${shown.length})`} actions={
        <HStack gap="2" wrap="wrap">
          <HStack gap="1" role="group" aria-label={t("common.status")}>
            {[undefined, ...STATUSES].map((one) => <Button key={one ?? "all"} size="2xs" variant={status === one ? "solid" : "outline"} aria-pressed={status === one} onClick={() => url.set({ status: one })}>{one ? word(one) : t("common.all")}</Button>)}
          </HStack>
          <Input size="xs" w="12rem" type="search" data-search aria-label={t("compliance.searchControls")} placeholder={t("common.search")} value={url.get("search") ?? ""} onChange={(event) => url.set({ search: event.target.value })} />
        </HStack>
      }>
        {shown.length === 0 ? <NothingState title={t("state.filtered")}><Button size="sm" variant="outline" onClick={() => url.set({ status: null, search: null })}>{t("state.clear")}</Button></NothingState> : categories.map((category) => (
          <section key={category}>
            <Text as="h3" px="4" py="2" bg="bg.subtle" borderYWidth="1px" borderColor="border" fontSize="xs" fontWeight="semibold" color="fg.muted">{category}</Text>
            {shown.filter((one) => one.category === category).map((one) => <Control key={one.id} control={one} />)}
          </section>
        ))}
      </Card>
    </Stack>
  );
}
