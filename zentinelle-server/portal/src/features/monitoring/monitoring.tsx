"use client";
import { useQuery } from "@apollo/client/react";
import dynamic from "next/dynamic";
import { Waiting } from "@/features/shell/queries";
import { t } from "@/messages";
import { Page } from "@/ui/page";
import { UrlTabs } from "@/ui/tabs";

// Each tab is loaded when it is first opened.
const Alerts = dynamic(() => import("./alerts").then((made) => made.Alerts), { ssr: false });
const Anomalies = dynamic(() => import("./anomalies").then((made) => made.Anomalies), { ssr: false });
const LiveActivity = dynamic(() => import("./live").then((made) => made.LiveActivity), { ssr: false });
const Scanner = dynamic(() => import("./scanner").then((made) => made.Scanner), { ssr: false });
const CallTable = dynamic(() => import("./tables").then((made) => made.CallTable), { ssr: false });
const DecisionTable = dynamic(() => import("./tables").then((made) => made.DecisionTable), { ssr: false });
const EventTable = dynamic(() => import("./tables").then((made) => made.EventTable), { ssr: false });

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
