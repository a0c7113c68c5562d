// Answers that must make sense together. Keys are `Type.field`; a feature adds its own here.
import { OBSERVED } from "./observed.mjs";

const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString();

export const SPECIAL = {
  "Query.me": () => {
    const role = process.env.ROLE ?? "ADMIN";
    return { id: "u1", name: "Ines Kowal", email: "ines@example.com", role, permissions: role === "VIEWER" ? READS : ["*"], organization: "Northwind Assurance", tenantId: "t1", signedInBy: "local", csrfToken: "made-up" };
  },
  "SessionType.current": (source, args, seed) => seed.endsWith("0"),
  "CountBy.label": (source) => source.key,
  "PolicyType.enabled": (source, args, seed) => !seed.endsWith("3"),
  "ApprovalType.status": () => "pending",
  "ApprovalType.requestedAt": () => day(0.002),
  ...OBSERVED,
};

const READS = ["me:read", "me:write", "usage:read", "agents:read", "policies:read", "evaluations:read", "approvals:read", "alerts:read", "events:read", "interactions:read", "content:read", "incidents:read", "risks:read", "compliance:read", "audit:read", "prompts:read", "models:read", "notifications:read", "notifications:write", "organization:read", "retention:read", "jobs:read"];
