// How the register stands now and how it came there.
"use client";
import { Stack } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { number } from "@/lib/format";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { ChartCard } from "@/ui/chart";
import { Grid, Loaded } from "@/ui/page";
import { SpanChoice } from "@/ui/span-choice";
import { StatCard } from "@/ui/stat";
import { RiskFigures } from "./queries";

const TONES: Record<string, string> = { critical: "critical.solid", high: "high.solid", medium: "medium.solid", low: "low.solid" };
const DAYS = [30, 90, 180, 365];

export function RiskOverview() {
  const url = useUrlState();
  const days = DAYS.find((one) => one === Number(url.get("days"))) ?? 30;
  const result = useQuery(RiskFigures, { variables: { days } });
  return (
    <Loaded result={result}>
      {({ riskStats: stats, riskTrend, due }) => {
        const at = (key: "mean" | "highest" | "open") => riskTrend.map((one) => ({ at: one.at, value: one[key] }));
        return (
          <Stack gap="4">
            <Grid min="12rem">
              <StatCard label={t("risk.open")} value={number(stats?.openRisks)} href="/risk/?tab=register" />
              <StatCard label={t("risk.critical")} value={number(stats?.criticalRisks)} tone={stats?.criticalRisks ? "critical" : undefined} href="/risk/?tab=register&riskLevel=critical" />
              <StatCard label={t("risk.high")} value={number(stats?.highRisks)} tone={stats?.highRisks ? "high" : undefined} href="/risk/?tab=register&riskLevel=high" />
              <StatCard label={t("risk.reviewsDue")} value={number(due.totalCount)} tone={due.totalCount > 0 ? "medium" : undefined} href="/risk/?reviewDue=yes&tab=register" />
              <StatCard label={t("incident.openCount")} value={number(stats?.openIncidents)} href="/risk/?status=open&tab=incidents" />
              <StatCard label={t("incident.breachedCount")} value={number(stats?.slaBreachedCount)} tone={stats?.slaBreachedCount ? "critical" : undefined} href="/risk/?slaStatus=breached&tab=incidents" />
            </Grid>
            <Grid min="26rem">
              <ChartCard kind="line" title={t("risk.trend")} unit={t("risk.points")} actions={<SpanChoice label={t("risk.trend.days")} value={String(days)} choices={DAYS.map((one) => ({ value: String(one), label: t("common.days", { count: one }) }))} choose={(value) => url.set({ days: value })} />}
                lines={[{ key: "mean", label: t("risk.mean"), points: at("mean") }, { key: "highest", label: t("risk.highest"), points: at("highest") }]} />
              <ChartCard kind="area" title={t("risk.trend.open")} unit={t("risk.risks")} lines={[{ key: "open", label: t("risk.open"), points: at("open") }]} />
            </Grid>
            <Grid min="22rem">
              <ChartCard kind="bar" title={t("risk.byLevel")} unit={t("risk.risks")} height="13rem" bars={(stats?.risksByLevel ?? []).map(({ level, count }) => ({ key: level ?? "", label: word(level), value: count, color: TONES[level ?? ""] }))} />
              <ChartCard kind="bar" title={t("risk.byCategory")} unit={t("risk.risks")} height="13rem" bars={(stats?.risksByCategory ?? []).map(({ category, count }) => ({ key: category ?? "", label: word(category), value: count }))} />
              <ChartCard kind="bar" title={t("incident.bySeverity")} unit={t("incident.incidents")} height="13rem" bars={(stats?.incidentsBySeverity ?? []).map(({ severity, count }) => ({ key: severity ?? "", label: word(severity), value: count, color: TONES[severity ?? ""] }))} />
            </Grid>
          </Stack>
        );
      }}
    </Loaded>
  );
}
