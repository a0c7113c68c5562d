"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function People() {
  return (
    <Page title={t("nav.people")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
