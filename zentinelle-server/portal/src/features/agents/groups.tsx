"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function AgentGroups() {
  return (
    <Page title={t("nav.agentGroups")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
