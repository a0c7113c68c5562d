"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function ProviderKeys() {
  return (
    <Page title={t("nav.providerKeys")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
