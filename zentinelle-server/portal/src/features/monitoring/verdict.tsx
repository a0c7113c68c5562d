// Allowed or denied, and whether it was only tried.
import { t } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";

export function Verdict({ allowed, dryRun }: { allowed: boolean; dryRun?: boolean }) {
  return <><StatusBadge value={allowed ? "allowed" : "denied"} />{dryRun ? <Tag ms="1.5">{t("decision.dryRun")}</Tag> : null}</>;
}
