"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function Playground() {
  return (
    <Page title={t("nav.playground")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
