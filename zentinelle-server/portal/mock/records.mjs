// Answers that must make sense together. Keys are `Type.field`; a feature adds its own here.
import { existsSync } from "node:fs";
import { OBSERVED } from "./observed.mjs";

// The schemas of the engine, where it has been built; one made by hand otherwise.
const built = new URL("../public/engine/dist/esm/schemas.js", import.meta.url);
const SCHEMAS = existsSync(built) ? (await import(built)).SCHEMAS : undefined;
const CONFIGS = new Map((SCHEMAS ? JSON.parse(SCHEMAS.policy_document).$defs.Policy.allOf : []).map((one) => [one.if.properties.type.const, one.then.properties.config]));
const FALLBACK = { type: "object", properties: { denied_tools: { type: "array", items: { type: "string" }, default: [], description: "Tools that may not be called." } } };
const TYPES = CONFIGS.size > 0 ? [...CONFIGS.keys()] : ["tool_permission", "rate_limit"];
const CONFIG = { allowed_tools: ["crm_search", "ticket_reply", "refund"], requires_approval: ["refund"], block_dangerous_commands: true, tool_configs: { database: { read_only: true, max_rows: 200 } } };
const DOCUMENT = `# Kept by people; apply with the command line.
policies:
  - name: Support tools
    type: tool_permission
    scope: organization
    enforcement: enforce
    config:
      allowed_tools: [crm_search, ticket_reply, refund]
      requires_approval: [refund]
`;
const series = (size, low, high) => Array.from({ length: size }, (_, index) => ({ at: new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000 - (size - 1 - index) * 86_400_000).toISOString(), value: Math.round(low + (high - low) * (0.5 + 0.5 * Math.sin(index * 1.7 + high))) }));
const trend = (size, low, high, previous) => { const points = series(size, low, high); return { points, previous, total: points.reduce((sum, one) => sum + one.value, 0) }; };
const counts = (...pairs) => pairs.map(([key, count]) => ({ key, label: key.replaceAll("_", " "), count }));

const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString();

export const SPECIAL = {
  "Query.me": () => {
    const role = process.env.ROLE ?? "ADMIN";
    return { id: "u1", name: "Ines Kowal", email: "ines@example.com", role, permissions: role === "VIEWER" ? READS : ["*"], organization: "Northwind Assurance", tenantId: "t1", signedInBy: "local", csrfToken: "made-up" };
  },
  "Query.policySchema": (source, { policyType }) => CONFIGS.get(policyType) ?? FALLBACK,
  "Query.policyOptions": () => ({
    policyTypes: TYPES.map((value, index) => ({ value, label: value, category: ["access", "spend", "content", "oversight"][index % 4], description: (CONFIGS.get(value)?.description ?? "").split("\n")[0].replaceAll("`", "") })),
    scopeTypes: ["organization", "sub_organization", "deployment", "group", "endpoint", "user"].map((value) => ({ value, label: value })),
    enforcementLevels: [{ value: "enforce", label: "Enforce", description: "A violation denies." }, { value: "audit", label: "Audit", description: "A violation is recorded and denies nothing." }, { value: "disabled", label: "Disabled", description: "The policy takes no part." }],
  }),
  "Query.policy": (source, { id }) => ({ id, name: "Support tools", description: "What the support agents may call.", policyType: "tool_permission", scopeType: "organization", scopeId: "", scopeName: null, config: CONFIG, enforcement: "enforce", enabled: true, version: 4, inheritance: "replace", source: "people", priority: 10, __seed: "policy" }),
  "Query.policyExport": () => DOCUMENT,
  "Query.policyRevisions": () => [4, 3, 2, 1].map((version) => ({ version, __seed: `rev${version}`, changeSummary: version === 1 ? "created" : "changed the list of tools", enforcement: version > 2 ? "enforce" : "audit" })),
  "Query.policyDiff": () => [{ path: "/config/allowed_tools", kind: "changed", before: ["crm_search"], after: ["crm_search", "ticket_reply"] }, { path: "/config/requires_approval", kind: "added", before: null, after: ["refund"] }, { path: "/enforcement", kind: "changed", before: "audit", after: "enforce" }],
  "Query.policyHealth": () => ({ conflicts: [{ code: "same_scope", message: "Two `rate_limit` policies stand for the whole organisation with the same priority; the newer one wins.", policies: [{ __seed: "a" }, { __seed: "b" }] }], covered: counts(...TYPES.slice(0, 9).map((one, index) => [one, 1 + (index % 3)])), missingTypes: TYPES.slice(9), broken: [] }),
  "Query.policyImpact": () => ({ examined: 4180, truncated: false, unchanged: 4101, newlyDenied: 72, newlyAllowed: 7, failed: 0, byAgent: [{ agentId: "support-triage", newlyDenied: 61, newlyAllowed: 0 }, { agentId: "ops-runbook", newlyDenied: 11, newlyAllowed: 7 }], samples: [0, 1, 2].map((index) => ({ __seed: `s${index}`, before: "permit", after: "deny" })) }),
  "RungType.wins": (source, args, seed) => seed.endsWith("1"),
  "RungType.floor": (source, args, seed) => seed.endsWith("0"),
  "Query.effectiveLadder": () => ["tool_permission", "rate_limit"].map((policyType) => ({ policyType, __seed: policyType, rungs: [0, 1, 2].map((index) => ({ __seed: `rung${policyType}${index}`, wins: index === 2, floor: index === 0, why: ["a floor takes part whatever wins", "displaced by a narrower scope", "the most specific scope that applies"][index] })) })),
  "Query.overview": (source, { days }) => {
    const size = days === 1 ? 24 : days;
    return {
      days, decisions: trend(size, 900, 2400, 11_200), denied: trend(size, 30, 160, 880), tokens: trend(size, 400_000, 2_100_000, 7_900_000), costUsd: trend(size, 12, 61, 240),
      pendingApprovals: 4, breachedSla: 1, openAlerts: counts(["critical", 1], ["high", 3], ["medium", 6]), openIncidents: counts(["high", 1], ["low", 2]),
      agentsByHealth: counts(["healthy", 9], ["degraded", 2], ["unknown", 1]), agentsByStatus: counts(["active", 11], ["suspended", 1]), policiesByEnforcement: counts(["enforce", 14], ["audit", 5], ["disabled", 2]),
      topDenials: counts(["tool_permission.denied", 212], ["rate_limit.exceeded", 148], ["model_restriction.not_allowed", 74], ["prompt_injection.detected", 31], ["budget_limit.spent", 12]).map((one) => ({ ...one, label: one.key })),
      topAgentsByCost: [["support-triage", 92.4], ["code-reviewer", 71.2], ["claims-summary", 44.9], ["sales-research", 31], ["ops-runbook", 12.7]].map(([label, costUsd]) => ({ key: label, label, costUsd, tokens: costUsd * 20_000 })),
      budgets: [{ policyId: "p1", policyName: "Monthly model spend", scope: "organization", limitUsd: 1500, spentUsd: 1262.4 }, { policyId: "p2", policyName: "Interns", scope: "group", limitUsd: 100, spentUsd: 22.75 }],
      chain: { valid: true, entries: 48_210, head: "9f2c", checkedAt: day(0.01), checkpointAt: day(0.2), brokenAt: null, message: "" },
      firstSteps: [{ key: "agent", done: true }, { key: "policy", done: true }, { key: "decision", done: false }],
    };
  },
  "SessionType.current": (source, args, seed) => seed.endsWith("0"),
  "CountBy.label": (source) => source.key,
  "PolicyType.enabled": (source, args, seed) => !seed.endsWith("3"),
  "ApprovalType.status": () => "pending",
  "ApprovalType.requestedAt": () => day(0.002),
  ...OBSERVED,
};

const READS = ["me:read", "me:write", "usage:read", "agents:read", "policies:read", "evaluations:read", "approvals:read", "alerts:read", "events:read", "interactions:read", "content:read", "incidents:read", "risks:read", "compliance:read", "audit:read", "prompts:read", "models:read", "notifications:read", "notifications:write", "organization:read", "retention:read", "jobs:read"];
