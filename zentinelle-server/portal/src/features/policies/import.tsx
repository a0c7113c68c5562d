"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function PolicyImport() {
  return (
    <Page title={t("nav.import")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
