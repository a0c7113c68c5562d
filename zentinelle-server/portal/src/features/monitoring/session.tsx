"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function SessionTimeline() {
  return (
    <Page title={t("nav.session")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
