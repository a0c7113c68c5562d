"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function ApiKeys() {
  return (
    <Page title={t("nav.apiKeys")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
