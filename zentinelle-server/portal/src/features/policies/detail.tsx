"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function PolicyDetail() {
  return (
    <Page title={t("nav.policies")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
