"use client";
import { t } from "@/messages";
import { Page } from "@/ui/page";
import { UrlTabs } from "@/ui/tabs";
import { Fmea } from "./fmea";
import { Incidents } from "./incidents";
import { NewIncidentButton } from "./incident-form";
import { RiskOverview } from "./overview";
import { NewRiskButton, Register } from "./register";

export function Risk() {
  return (
    <Page title={t("nav.risk")} lead={t("risk.lead")} permission="risks:read" actions={<><NewIncidentButton /><NewRiskButton /></>}>
      <UrlTabs label={t("nav.risk")} tabs={[
        { key: "register", label: t("risk.register"), content: <Register /> },
        { key: "overview", label: t("risk.overview"), content: <RiskOverview /> },
        { key: "fmea", label: t("fmea.tab"), content: <Fmea /> },
        { key: "incidents", label: t("incident.tab"), content: <Incidents />, permission: "incidents:read" },
      ]} />
    </Page>
  );
}
