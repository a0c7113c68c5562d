// Runs every shared vector through a package, and compares each decision with Rust's, byte by byte. Knows
// neither Node nor a browser: texts come in, a report goes out.

const DEFAULT_NOW = "2026-03-11T12:00:00Z";
/** Whoever a budget could be about; the log of the vectors knows the tenant only. */
const HOLDERS = ["tenant", { agent: "agent-1" }, { agent: "agent-2" }, { user: "alice" }, { user: "bob" }];

/** Reads JSON; whole numbers that a double cannot hold become bigints. */
export function parseExactly(text) {
  const big = /(?<=[:,[]\s*)-?\d{16,}(?=\s*[,\]}])/g;
  // Only digits outside of strings count: strings are taken out of the way first.
  const strings = [];
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, (found) => `"${strings.push(found) - 1}"`);
  const marked = bare.replace(big, (digits) => (Number.isSafeInteger(Number(digits)) ? digits : `{"$big":${strings.push(`"${digits}"`) - 1}}`));
  const restore = (value) => {
    if (typeof value === "string") return JSON.parse(strings[Number(value)]);
    if (Array.isArray(value)) return value.map(restore);
    if (value === null || typeof value !== "object") return value;
    if ("$big" in value && typeof value.$big === "number") return BigInt(JSON.parse(strings[value.$big]));
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [JSON.parse(strings[Number(key)]), restore(entry)]));
  };
  return restore(JSON.parse(marked));
}

/** Replaces `{"$join": [...]}` by the joined text, and `{"$token": {...}}` by a signed token. */
function fill(value, mint) {
  if (Array.isArray(value)) return value.map((item) => fill(item, mint));
  if (value === null || typeof value !== "object") return value;
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === "$join") return value.$join.join("");
  if (keys.length === 1 && keys[0] === "$token" && mint) return mint(value.$token);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fill(entry, mint)]));
}

const CLAIMS = ["policy", "tool", "action", "user", "parent_agent_id", "max_depth", "granted_by", "trust_level", "granted_capabilities"];

function minter(key, now, serial) {
  return ({ kind, payload = {}, age_seconds = 0, tamper }) => {
    serial.count += 1;
    const issued_at = new Date(now - age_seconds * 1000).toISOString().replace(".000Z", "Z");
    const known = Object.entries(payload).filter(([name, value]) => CLAIMS.includes(name) && value !== null);
    const token = key.mint({ purpose: kind, id: `token-${serial.count}`, issued_at, ...Object.fromEntries(known) });
    return tamper ? token.slice(0, -1) + (token.endsWith("A") ? "Q" : "A") : token;
  };
}

function stored(policy, kind, agent) {
  const { id, name, type, config, tenant_id = agent.tenant_id } = policy;
  const own = { id, name, type, config, tenant_id };
  if (kind !== "engine") return own;
  const { scope, priority, enforcement, enabled } = policy;
  return { ...own, scope, priority, enforcement, enabled };
}

/** The decisions of every step of a case, as the package writes them. */
function decideCase(api, line) {
  const found = fill(parseExactly(line));
  const key = api.SigningKey.hmac("test", new Uint8Array(32).fill(7));
  const ledger = new api.MemoryLedger();
  const engine = api.Engine.fromPolicies(
    found.policies.map((policy) => stored(policy, found.kind, found.agent)),
    { tenantId: found.agent.tenant_id, version: "vectors", noPolicy: "permit", approvals: new api.KeyRing(key), ledger },
  );
  for (const { tenant_id: tenant, at, usd } of found.spend ?? []) {
    for (const holder of HOLDERS) {
      const counter = { tenant, holder, meter: "budget_limit.spend", subject: null };
      ledger.record({ counter, window: "calendar_month", amount: Math.round(usd * 1e6) }, at);
    }
  }
  const learnt = (found.baselines ?? []).find(
    (own) => own.tenant_id === found.agent.tenant_id && own.agent_id === found.agent.agent_id,
  );
  const serial = { count: 0 };
  return found.steps.map((step) => {
    const now = Date.parse(step.now ?? found.now ?? DEFAULT_NOW);
    const request = {
      agent: found.agent,
      user_id: step.user_id,
      action: step.action,
      context: fill(step.context ?? {}, minter(key, now, serial)),
      dry_run: step.dry_run,
      baseline: learnt?.stats,
      now,
    };
    let decision;
    try {
      decision = engine.decide(request);
    } catch (error) {
      // Statistics nobody could have learnt are no baseline.
      if (!error.pointer?.startsWith("/baseline")) throw error;
      decision = engine.decide({ ...request, baseline: undefined });
    }
    const { json } = decision;
    decision.dispose();
    return json;
  });
}

/**
 * JavaScript has one type of number: a fact that a vector writes `1e9` or `5.0` arrives as 1000000000 or 5, and is
 * given back so. Only vectors that write such a number are looked at.
 */
function inJavaScript(decision, line) {
  const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return /[\d.][eE]|\d\.0+[,}\]\s]/.test(bare) ? decision.replace(/(:-?\d+)\.0(?=[,}\]])/g, "$1") : decision;
}

/**
 * Runs `vectors` (JSON lines) and compares with `decisions` (Rust's, JSON lines of `{ id, step, document }`).
 * @returns {{ cases: number, steps: number, drift: { id: string, step: number, ours: string, rust: string }[] }}
 */
export function runVectors(api, vectors, decisions) {
  const rust = new Map();
  for (const line of decisions.split("\n").filter(Boolean)) {
    const { id, document } = JSON.parse(line);
    rust.set(id, [...(rust.get(id) ?? []), document]);
  }
  const report = { cases: 0, steps: 0, drift: [] };
  for (const line of vectors.split("\n").filter((line) => line.trim() !== "")) {
    const { id } = JSON.parse(line);
    let ours;
    try {
      ours = decideCase(api, line);
    } catch (error) {
      ours = [`${error.name}: ${error.message} ${error.pointer ?? ""}`];
    }
    report.cases += 1;
    report.steps += ours.length;
    const written = ours.join("\n");
    const expected = inJavaScript((rust.get(id) ?? ["(no decision of Rust's)"]).join("\n"), line);
    if (written !== expected) report.drift.push({ id, ours: written, rust: expected });
  }
  return report;
}
