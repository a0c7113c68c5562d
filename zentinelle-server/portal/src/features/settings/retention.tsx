"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Retention() {
  return (
    <Page title={t("nav.retention")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
