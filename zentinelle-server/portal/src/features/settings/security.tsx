"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Security() {
  return (
    <Page title={t("nav.security")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
