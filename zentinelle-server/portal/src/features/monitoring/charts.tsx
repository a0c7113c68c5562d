// Sums over time: what is counted, over what span, and by what it is split stand in the address.
"use client";
import { HStack, Skeleton } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { useUrlState } from "@/lib/url";
import { type MessageKey, t } from "@/messages";
import { ChartCard } from "@/ui/chart";
import { Card, ErrorState, Grid, StaleBanner } from "@/ui/page";
import { SmallSelect, SpanChoice } from "@/ui/span-choice";
import { useSince } from "./use-since";
import { Series } from "./queries";

export const MEASURES = ["decisions", "denied", "calls", "tokens", "cost_usd", "latency_ms"] as const;
const GROUPS = ["agent", "model", "provider", "user", "policy_type"] as const;

function unitOf(measure: string, unit: string | undefined): string {
  return measure === "cost_usd" ? "usd" : unit || t(`series.${measure}` as MessageKey).toLowerCase();
}

function SeriesChart({ measure, by, actions, title }: { measure: string; by?: string; actions?: React.ReactNode; title: string }) {
  const { since, bucket } = useSince();
  const result = useQuery(Series, { variables: { since, bucket, by, measure }, pollInterval: 60_000 });
  const series = result.data?.activitySeries ?? result.previousData?.activitySeries;
  if (!series) return <Card title={title} actions={actions}>{result.error ? <ErrorState error={result.error} retry={() => void result.refetch()} /> : <Skeleton h="16rem" rounded="l2" />}</Card>;
  return (
    <div>
      {result.error ? <StaleBanner retry={() => void result.refetch()} /> : null}
      <ChartCard kind={by ? "stacked" : measure === "latency_ms" ? "line" : "area"} title={title} unit={unitOf(measure, series.unit)} bucket={series.bucket} lines={series.lines.slice(0, 6)} actions={actions} />
    </div>
  );
}

export function SpanOfPage() {
  const url = useUrlState();
  const { span, spans } = useSince();
  return <SpanChoice label={t("series.span")} value={span} choices={spans.map((value) => ({ value, label: value }))} choose={(value) => url.set({ span: value })} />;
}

export function ActivityCharts() {
  const url = useUrlState();
  const measure = MEASURES.find((one) => one === url.get("measure")) ?? "cost_usd";
  const by = GROUPS.find((one) => one === url.get("by")) ?? "agent";
  return (
    <Grid min="26rem">
      <SeriesChart measure="decisions" title={t("series.decisions")} actions={<SpanOfPage />} />
      <SeriesChart measure={measure} by={by} title={t(`series.${measure}`)} actions={
        <HStack gap="1.5" wrap="wrap">
          <SmallSelect label={t("series.measure")} value={measure} choices={MEASURES.map((value) => ({ value, label: t(`series.${value}`) }))} choose={(value) => url.set({ measure: value })} />
          <SmallSelect label={t("series.by")} value={by} choices={GROUPS.map((value) => ({ value, label: t(`series.by.${value}`) }))} choose={(value) => url.set({ by: value })} />
        </HStack>
      } />
    </Grid>
  );
}
