"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Monitoring() {
  return (
    <Page title={t("nav.monitoring")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
