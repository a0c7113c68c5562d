"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function EffectivePolicies() {
  return (
    <Page title={t("nav.effective")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
