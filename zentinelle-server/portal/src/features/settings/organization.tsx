"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function OrganizationSettings() {
  return (
    <Page title={t("nav.organization")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
