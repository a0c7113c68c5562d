"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Notifications() {
  return (
    <Page title={t("nav.notifications")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
