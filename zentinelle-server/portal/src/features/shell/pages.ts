// The pages there are: the menu, the breadcrumb, the palette and the shortcuts read this one list.
import { Activity, Bell, BookOpenText, Boxes, Building2, ClipboardCheck, FlaskConical, Gauge, Hourglass, Key, KeyRound, LayoutDashboard, type LucideIcon, ScrollText, Settings2, ShieldCheck, TriangleAlert, UserRound, UsersRound, Webhook, Bot, Cpu } from "lucide-react";
import type { MessageKey } from "@/messages";

export interface PageEntry {
  href: string;
  name: MessageKey;
  icon: LucideIcon;
  permission: string;
  /** `g` and this letter go there. */
  letter?: string;
  badge?: "approvals" | "alerts";
}

export const MENU: readonly { name: MessageKey; pages: readonly PageEntry[] }[] = [
  {
    name: "nav.overview",
    pages: [
      { href: "/", name: "nav.dashboard", icon: LayoutDashboard, permission: "usage:read", letter: "d" },
      { href: "/approvals/", name: "nav.approvals", icon: Hourglass, permission: "approvals:read", letter: "q", badge: "approvals" },
    ],
  },
  {
    name: "nav.govern",
    pages: [
      { href: "/agents/", name: "nav.agents", icon: Bot, permission: "agents:read", letter: "a" },
      { href: "/agent-groups/", name: "nav.agentGroups", icon: Boxes, permission: "agents:read" },
      { href: "/policies/", name: "nav.policies", icon: ShieldCheck, permission: "policies:read", letter: "p" },
      { href: "/playground/", name: "nav.playground", icon: FlaskConical, permission: "policies:read", letter: "y" },
      { href: "/prompts/", name: "nav.prompts", icon: BookOpenText, permission: "prompts:read" },
      { href: "/models/", name: "nav.models", icon: Cpu, permission: "models:read" },
    ],
  },
  {
    name: "nav.observe",
    pages: [
      { href: "/monitoring/", name: "nav.monitoring", icon: Activity, permission: "evaluations:read", letter: "m", badge: "alerts" },
    ],
  },
  {
    name: "nav.assure",
    pages: [
      { href: "/compliance/", name: "nav.compliance", icon: ClipboardCheck, permission: "compliance:read", letter: "c" },
      { href: "/risk/", name: "nav.risk", icon: TriangleAlert, permission: "risks:read", letter: "r" },
      { href: "/audit-logs/", name: "nav.auditLogs", icon: ScrollText, permission: "audit:read", letter: "l" },
    ],
  },
  {
    name: "nav.manage",
    pages: [{ href: "/settings/", name: "nav.settings", icon: Settings2, permission: "me:read", letter: "s" }],
  },
];

export const SETTINGS: readonly PageEntry[] = [
  { href: "/settings/", name: "nav.organization", icon: Building2, permission: "organization:read" },
  { href: "/settings/security/", name: "nav.security", icon: UserRound, permission: "me:read" },
  { href: "/settings/people/", name: "nav.people", icon: UsersRound, permission: "users:read" },
  { href: "/settings/api-keys/", name: "nav.apiKeys", icon: Key, permission: "keys:read" },
  { href: "/settings/provider-keys/", name: "nav.providerKeys", icon: KeyRound, permission: "secrets:read" },
  { href: "/settings/retention/", name: "nav.retention", icon: Hourglass, permission: "retention:read" },
  { href: "/settings/webhooks/", name: "nav.webhooks", icon: Webhook, permission: "webhooks:read" },
];

const OTHERS: readonly PageEntry[] = [
  { href: "/policies/effective/", name: "nav.effective", icon: Gauge, permission: "policies:read" },
  { href: "/policies/health/", name: "nav.health", icon: ShieldCheck, permission: "policies:read" },
  { href: "/policies/import/", name: "nav.import", icon: ShieldCheck, permission: "policies:read" },
  { href: "/notifications/", name: "nav.notifications", icon: Bell, permission: "notifications:read" },
];

export const ALL_PAGES: readonly PageEntry[] = [...MENU.flatMap((group) => group.pages), ...SETTINGS.slice(1), ...OTHERS];

/** What a part of the address is called in the breadcrumb. */
export const PART_NAMES: Record<string, MessageKey> = {
  agents: "nav.agents", "agent-groups": "nav.agentGroups", policies: "nav.policies", playground: "nav.playground", approvals: "nav.approvals",
  monitoring: "nav.monitoring", compliance: "nav.compliance", risk: "nav.risk", prompts: "nav.prompts", models: "nav.models", "audit-logs": "nav.auditLogs",
  notifications: "nav.notifications", settings: "nav.settings", "api-keys": "nav.apiKeys", people: "nav.people", security: "nav.security",
  "provider-keys": "nav.providerKeys", retention: "nav.retention", webhooks: "nav.webhooks", effective: "nav.effective", health: "nav.health",
  import: "nav.import", edit: "nav.edit", detail: "nav.detail", decision: "nav.decision", session: "nav.session", alert: "nav.alert",
  incident: "nav.incident", framework: "nav.framework", reports: "nav.reports",
};

/** What one record of a list is called there. */
export const RECORD_NAMES: Record<string, MessageKey> = { agents: "nav.agent", policies: "nav.policy", risk: "nav.oneRisk", prompts: "nav.prompt" };
