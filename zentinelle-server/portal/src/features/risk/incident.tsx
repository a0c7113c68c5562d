"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function IncidentDetail() {
  return (
    <Page title={t("nav.incident")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
