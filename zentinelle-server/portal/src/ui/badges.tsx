// States by word, icon and colour together.
"use client";
import { Badge, type BadgeProps } from "@chakra-ui/react";
import { AlertTriangle, Ban, Check, CircleDashed, CircleDot, Clock, Eye, Info, type LucideIcon, OctagonAlert, Pause, ShieldCheck, X } from "lucide-react";
import { word } from "@/messages";

export type Tone = "critical" | "high" | "medium" | "low" | "good" | "quiet";

const LOOKS: Record<string, [Tone, LucideIcon]> = {
  critical: ["critical", OctagonAlert], high: ["high", AlertTriangle], medium: ["medium", CircleDot], low: ["low", Info], info: ["quiet", Info],
  active: ["good", Check], enabled: ["good", Check], healthy: ["good", Check], success: ["good", Check], succeeded: ["good", Check],
  allow: ["good", Check], allowed: ["good", Check], permit: ["good", Check], approved: ["good", Check], met: ["good", Check], passed: ["good", Check],
  satisfied: ["good", Check], resolved: ["good", Check], done: ["good", Check], delivered: ["good", Check], processed: ["good", Check],
  enforce: ["good", ShieldCheck], audit: ["low", Eye], disabled: ["quiet", Pause], inactive: ["quiet", Pause], closed: ["quiet", Check], released: ["quiet", Check],
  not_applicable: ["quiet", CircleDashed], unknown: ["quiet", CircleDashed], offline: ["quiet", CircleDashed], dismissed: ["quiet", X], accepted: ["quiet", Check],
  expired: ["quiet", Clock], consumed: ["good", Check], cancelled: ["quiet", X], draft: ["quiet", CircleDashed], deprecated: ["quiet", Pause],
  pending: ["medium", Clock], open: ["high", CircleDot], acknowledged: ["low", Eye], investigating: ["low", Eye], in_progress: ["low", Clock], running: ["low", Clock],
  degraded: ["medium", AlertTriangle], partial: ["medium", AlertTriangle], warn: ["medium", AlertTriangle], warning: ["medium", AlertTriangle], limited: ["medium", AlertTriangle],
  suspended: ["high", Pause], unhealthy: ["critical", X], deny: ["critical", Ban], denied: ["critical", Ban], blocked: ["critical", Ban], violated: ["critical", Ban],
  failed: ["critical", X], not_met: ["critical", X], revoked: ["critical", Ban], rejected: ["critical", Ban], breached: ["critical", OctagonAlert], error: ["critical", X],
  on_track: ["good", Clock], at_risk: ["medium", Clock], mitigating: ["low", Clock], identified: ["high", CircleDot], assessed: ["medium", CircleDot], transferred: ["quiet", Check],
  block: ["critical", Ban], redact: ["medium", Eye], require_approval: ["medium", Clock], log_only: ["low", Eye], not_assessed: ["quiet", CircleDashed], false_positive: ["quiet", X],
  restricted: ["medium", AlertTriangle], unread: ["high", CircleDot], read: ["quiet", Check], queued: ["quiet", Clock], dead: ["critical", X], verified: ["good", ShieldCheck], completed: ["good", Check], complete: ["good", Check],
};

/** A status, severity, effect or the like. `label` where the word is not to be the value's own. */
export function StatusBadge({ value, label, tone, ...rest }: { value: string | null | undefined; label?: string; tone?: Tone } & Omit<BadgeProps, "children">) {
  const [usual, Icon] = LOOKS[(value ?? "unknown").toLowerCase()] ?? (["quiet", CircleDot] as const);
  const look = tone ?? usual;
  return (
    <Badge bg={`${look}.bg`} color={`${look}.fg`} gap="1.5" px="2" py="0.5" rounded="full" fontWeight="medium" size="sm" whiteSpace="nowrap" {...rest}>
      <Icon size={12} aria-hidden /> {label ?? word(value)}
    </Badge>
  );
}

/** A kind or tag that carries no judgement. */
export function Tag({ children, ...rest }: BadgeProps) {
  return (
    <Badge variant="outline" color="fg.muted" boxShadow="none" borderWidth="1px" borderColor="border" fontWeight="normal" size="sm" {...rest}>
      {children}
    </Badge>
  );
}
