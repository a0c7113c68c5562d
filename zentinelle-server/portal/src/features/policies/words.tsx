// How a policy's place and state are said, wherever a policy is named.
import { t, word } from "@/messages";
import { StatusBadge } from "@/ui/badges";

/** "Agent: invoice-reader"; "Organisation". */
export function scopeWords(policy: { scopeType: string; scopeName?: string | null }): string {
  return policy.scopeType === "organization" || !policy.scopeName ? word(policy.scopeType) : `${word(policy.scopeType)}: ${policy.scopeName}`;
}

export function OnOff({ on }: { on: boolean }) {
  return <StatusBadge value={on ? "enabled" : "disabled"} label={on ? t("policies.on") : t("policies.off")} />;
}
