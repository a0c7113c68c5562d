"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function DecisionDetail() {
  return (
    <Page title={t("nav.decision")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
