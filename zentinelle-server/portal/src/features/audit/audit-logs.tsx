"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function AuditLogs() {
  return (
    <Page title={t("nav.auditLogs")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
