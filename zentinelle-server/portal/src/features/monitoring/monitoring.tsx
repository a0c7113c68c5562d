"use client";
import { useQuery } from "@apollo/client/react";
import { Waiting } from "@/features/shell/queries";
import { t } from "@/messages";
import { Page } from "@/ui/page";
import { UrlTabs } from "@/ui/tabs";
import { Alerts } from "./alerts";
import { Anomalies } from "./anomalies";
import { LiveActivity } from "./live";
import { Scanner } from "./scanner";
import { CallTable, DecisionTable, EventTable } from "./tables";

export function Monitoring() {
  const { data } = useQuery(Waiting, { fetchPolicy: "cache-first" });
  return (
    <Page title={t("nav.monitoring")} lead={t("monitoring.lead")} permission="evaluations:read">
      <UrlTabs label={t("nav.monitoring")} tabs={[
        { key: "live", label: t("monitoring.live"), content: <LiveActivity /> },
        { key: "decisions", label: t("monitoring.decisions"), content: <DecisionTable /> },
        { key: "calls", label: t("monitoring.calls"), content: <CallTable />, permission: "interactions:read" },
        { key: "events", label: t("monitoring.events"), content: <EventTable />, permission: "events:read" },
        { key: "scanner", label: t("scanner.title"), content: <Scanner />, permission: "violations:read" },
        { key: "anomalies", label: t("anomaly.title"), content: <Anomalies />, permission: "usage:read" },
        { key: "alerts", label: t("alert.title"), content: <Alerts />, permission: "alerts:read", count: data?.alerts.totalCount },
      ]} />
    </Page>
  );
}
