"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function ApprovalQueue() {
  return (
    <Page title={t("nav.approvals")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
