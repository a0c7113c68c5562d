"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function AlertDetail() {
  return (
    <Page title={t("nav.alert")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
