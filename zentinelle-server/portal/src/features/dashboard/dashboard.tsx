"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Dashboard() {
  return (
    <Page title={t("nav.dashboard")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
