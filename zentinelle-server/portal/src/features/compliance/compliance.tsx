"use client";
import { Button } from "@chakra-ui/react";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { May } from "@/lib/session";
import { t } from "@/messages";
import { Page } from "@/ui/page";
import { GoButton } from "@/ui/small";
import { UrlTabs } from "@/ui/tabs";
import { Deadlines } from "./deadlines";
import { FrameworkList } from "./frameworks";
import { GapAnalysis } from "./gaps";
import { PackList } from "./packs";
import { RunCheck } from "./queries";

export function Compliance() {
  const check = useChange(RunCheck);
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    sayProblems(await check({}, t("compliance.checked")));
    setBusy(false);
  };
  return (
    <Page title={t("nav.compliance")} lead={t("compliance.lead")} permission="compliance:read" actions={
      <>
        <May permission="reports:read"><GoButton href="/compliance/reports/" variant="outline">{t("nav.reports")}</GoButton></May>
        <May permission="compliance:write"><Button size="sm" loading={busy} onClick={() => void run()}><RefreshCw size={15} aria-hidden /> {t("compliance.check")}</Button></May>
      </>
    }>
      <UrlTabs label={t("nav.compliance")} tabs={[
        { key: "frameworks", label: t("compliance.frameworks"), content: <FrameworkList /> },
        { key: "gaps", label: t("compliance.gaps"), content: <GapAnalysis /> },
        { key: "packs", label: t("compliance.packs"), content: <PackList /> },
        { key: "deadlines", label: t("compliance.deadlines"), content: <Deadlines /> },
      ]} />
    </Page>
  );
}
