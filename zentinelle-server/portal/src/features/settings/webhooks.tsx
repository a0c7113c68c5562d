"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Webhooks() {
  return (
    <Page title={t("nav.webhooks")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
