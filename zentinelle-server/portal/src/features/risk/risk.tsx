"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Risk() {
  return (
    <Page title={t("nav.risk")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
