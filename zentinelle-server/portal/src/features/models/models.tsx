"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Models() {
  return (
    <Page title={t("nav.models")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
