"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function ComplianceReports() {
  return (
    <Page title={t("nav.reports")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
