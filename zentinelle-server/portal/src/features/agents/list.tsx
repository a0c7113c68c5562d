"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function AgentList() {
  return (
    <Page title={t("nav.agents")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
