"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function FrameworkDetail() {
  return (
    <Page title={t("nav.framework")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
