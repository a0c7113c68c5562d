"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function PolicyHealth() {
  return (
    <Page title={t("nav.health")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
