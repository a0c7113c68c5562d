// Made-up data: a field resolver that knows the shapes of the contract and the usual words of its fields.
import { getNamedType, isEnumType, isListType, isNonNullType, isObjectType } from "graphql";
import { SPECIAL } from "./records.mjs";

/** The same number for the same text, so that pictures can be compared. */
export function hash(text) {
  let value = 2166136261;
  for (const one of text) value = Math.imul(value ^ one.codePointAt(0), 16777619) >>> 0;
  return value;
}

const pick = (list, seed) => list[hash(seed) % list.length];
const AGENTS = ["invoice-reader", "support-triage", "code-reviewer", "claims-summary", "sales-research", "release-notes", "data-steward", "contract-drafter", "fraud-watch", "hr-helpdesk", "ops-runbook", "site-search"];
const PEOPLE = ["Ines Kowal", "Tom Abara", "Lena Fischer", "Ravi Nair", "Marta Lind"];
const WORDS = {
  status: ["active", "active", "pending", "open", "resolved"], health: ["healthy", "healthy", "degraded", "offline"], severity: ["critical", "high", "medium", "low"],
  risk: ["high", "medium", "low"], riskLevel: ["critical", "high", "medium", "low"], enforcement: ["enforce", "enforce", "audit", "disabled"], tier: ["standard", "restricted", "trusted"],
  agentType: ["claude_code", "langchain", "mcp_server", "custom"], policyType: ["tool_permission", "rate_limit", "budget_limit", "model_restriction", "human_oversight", "prompt_injection"],
  scopeType: ["organization", "group", "endpoint", "user"], action: ["tool_call", "llm:invoke", "data_access"], verdict: ["satisfied", "violated", "not_applicable"],
  eventType: ["tool_call", "model_call", "policy_violation"], eventCategory: ["runtime", "security", "usage"], aiProvider: ["anthropic", "openai"], aiModel: ["claude-sonnet-4-5", "gpt-5", "claude-haiku-4-5"],
  userIdentifier: ["ines@example.com", "tom@example.com", "lena@example.com"], signedInBy: ["local"], color: ["#0e7c86", "#d1602a", "#4b5fb8"], kind: ["tool_call", "decision"], type: ["policy_violation", "approval_requested"],
  category: ["security", "privacy", "operational"], interactionType: ["chat", "tool_call"], source: ["sdk", "proxy"], resourceType: ["policy", "agent", "key"],
};

function text(name, seed) {
  if (WORDS[name]) return pick(WORDS[name], seed + name);
  if (/agentId|agentName|endpointName/.test(name)) return pick(AGENTS, seed);
  if (/(name|by|owner|actor|username)$/i.test(name) && /by|owner|actor|user|changed/i.test(name)) return pick(PEOPLE, seed);
  if (/email/i.test(name)) return "ines@example.com";
  if (/^(name|title|label|subject)$/.test(name)) return pick(["Restrict shell tools", "Cap model spend", "Mask personal data", "Approve payments", "Block exfiltration"], seed);
  if (/prefix/i.test(name)) return "zk_live_7f3";
  if (/(id|Id)$/.test(name)) return id(seed + name);
  if (/description|reason|message|detail|summary|notes/i.test(name)) return pick(["Denied: the tool `shell` is not on the list of this agent.", "Spend of this month passed 80 % of its limit.", "Two people approve payments above 500 USD."], seed);
  if (/url|uri/i.test(name)) return "https://example.com/hook";
  if (/ip/i.test(name)) return "10.0.4.17";
  return pick(["first", "second", "third"], seed + name);
}

export function id(seed) {
  const hex = [0, 1, 2, 3].map((part) => hash(seed + part).toString(16).padStart(8, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const later = /expires|until|next|due|deadline/i;
function instant(name, seed) {
  const span = (hash(seed + name) % 86_400) * 1000 * (later.test(name) ? 0.02 : 6);
  return new Date(Date.now() + (later.test(name) ? span : -span)).toISOString();
}

export function resolve(source, args, context, info) {
  const { fieldName: name, returnType, parentType } = info;
  if (source && Object.hasOwn(source, name)) {
    const held = source[name];
    return typeof held === "function" ? held(args) : held;
  }
  const seed = source?.__seed ?? "root";
  const special = SPECIAL[`${parentType.name}.${name}`];
  if (special) return special(source ?? {}, args, seed);
  return value(name, returnType, args, `${seed}/${name}`, parentType);
}

function value(name, type, args, seed, parent) {
  if (isNonNullType(type)) return value(name, type.ofType, args, seed, parent);
  if (isListType(type)) {
    const inner = getNamedType(type);
    if (name === "errors" || name === "problems") return [];
    if (name === "points") return Array.from({ length: 14 }, (_, day) => ({ at: new Date(Date.now() - (13 - day) * 86_400_000).toISOString(), value: 40 + (hash(seed + day) % 160) }));
    const count = Math.min(args?.first ?? args?.last ?? 6, 20);
    if (!isObjectType(inner)) return Array.from({ length: 3 }, (_, index) => value(name, inner, {}, `${seed}${index}`, parent));
    return Array.from({ length: count }, (_, index) => ({ __seed: `${seed}${index}` }));
  }
  if (isObjectType(type)) {
    if (type.name.endsWith("Connection")) {
      const count = Math.min(args.first ?? args.last ?? 20, 137);
      return { nodes: Array.from({ length: count }, (_, index) => ({ __seed: `${type.name}${args.after ?? args.before ?? ""}${index}` })), totalCount: 137, pageInfo: { hasNextPage: args.after !== "end", hasPreviousPage: !!args.after || !!args.before, startCursor: "start", endCursor: "end" } };
    }
    return { __seed: args?.id ? `id${args.id}` : seed };
  }
  if (isEnumType(type)) return type.getValues()[0].value;
  switch (type.name) {
    case "Boolean": return name === "success" || name === "ok" ? true : /disabled|truncated|hasViolations|dryRun|isDefault/.test(name) ? false : hash(seed) % 3 !== 0;
    case "Int": return /days/i.test(name) ? 90 : /version/i.test(name) ? 1 + (hash(seed) % 9) : /likelihood|impact/i.test(name) ? 1 + (hash(seed) % 5) : hash(seed) % 400;
    case "Float": return /percent|progress|rating/i.test(name) ? (hash(seed) % 100) : (hash(seed) % 90_000) / 100;
    case "DateTime": return instant(name, seed);
    case "Date": return instant(name, seed).slice(0, 10);
    case "Decimal": return ((hash(seed) % 9000) / 10000).toFixed(4);
    case "UUID": return id(seed);
    case "ID": return id(seed);
    case "JSON": return /capabilities|tags|scopes|topics|Emails|entityTypes|toolCalls/.test(name) ? ["search", "files"] : { note: "made up", count: hash(seed) % 9 };
    default: return text(name, seed);
  }
}

/** Entries of a subscription, one after the other; `LIVE=0` sends none. */
export async function* live(source, args, context, { fieldName }) {
  for (let count = 0; process.env.LIVE !== "0"; count += 1) {
    yield { [fieldName]: { __seed: `live${count}`, at: new Date().toISOString() } };
    await new Promise((done) => setTimeout(done, 400 + (hash(`pause${count}`) % 1800)));
  }
}
