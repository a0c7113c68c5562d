// What the scanner did with what it found.
"use client";
import { t } from "@/messages";
import { StatusBadge } from "@/ui/badges";

export function Outcome({ row }: { row: { wasBlocked: boolean; wasRedacted: boolean; enforcement?: string } }) {
  return <StatusBadge value={row.wasBlocked ? "blocked" : row.wasRedacted ? "redact" : "log_only"} label={row.wasBlocked ? t("scanner.blocked") : row.wasRedacted ? t("scanner.redacted") : t("scanner.logged")} />;
}
