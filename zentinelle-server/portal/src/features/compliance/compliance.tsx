"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Compliance() {
  return (
    <Page title={t("nav.compliance")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
