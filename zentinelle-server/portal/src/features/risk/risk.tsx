"use client";
import dynamic from "next/dynamic";
import { t } from "@/messages";
import { Page } from "@/ui/page";
import { UrlTabs } from "@/ui/tabs";
import { IncidentReport, NewIncidentButton } from "./incident-form";
import { NewRiskButton } from "./new-risk";

// The other tabs are loaded when first opened.
const Fmea = dynamic(() => import("./fmea").then((made) => made.Fmea), { ssr: false });
const Incidents = dynamic(() => import("./incidents").then((made) => made.Incidents), { ssr: false });
const Register = dynamic(() => import("./register").then((made) => made.Register), { ssr: false });
const RiskOverview = dynamic(() => import("./overview").then((made) => made.RiskOverview), { ssr: false });

export function Risk() {
  return (
    <Page title={t("nav.risk")} lead={t("risk.lead")} permission="risks:read" actions={<><NewIncidentButton /><NewRiskButton /></>}>
      <UrlTabs label={t("nav.risk")} tabs={[
        { key: "register", label: t("risk.register"), content: <Register /> },
        { key: "overview", label: t("risk.overview"), content: <RiskOverview /> },
        { key: "fmea", label: t("fmea.tab"), content: <Fmea /> },
        { key: "incidents", label: t("incident.tab"), content: <Incidents />, permission: "incidents:read" },
      ]} />
      <IncidentReport />
    </Page>
  );
}
