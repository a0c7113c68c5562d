"use client";
import { t } from "@/messages";
import { NothingState, Page } from "@/ui/page";

export function PromptLibrary() {
  return (
    <Page title={t("nav.prompts")}>
      <NothingState title={t("state.notBuilt")} />
    </Page>
  );
}
