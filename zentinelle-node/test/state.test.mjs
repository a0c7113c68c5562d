import assert from "node:assert/strict";
import { test } from "node:test";
import { api, call, engineOf, NO_SHELL, NOON } from "./support.mjs";

const TWICE = "policies: [{ name: rate, type: rate_limit, config: { requests_per_minute: 2 } }]";

test("the three steps give the host the state", () => {
  const engine = engineOf(TWICE);
  const ledger = new api.MemoryLedger();
  const decide = () => {
    const assessment = engine.assess(call("search"));
    return assessment.conclude(assessment.batch && ledger.apply(assessment.batch));
  };
  assert.deepEqual([1, 2, 3].map(() => decide().allowed), [true, true, false]);
  assert.equal(engine.ledger.size, 0, "the engine's own ledger took no part");
});

test("an assessment is concluded once", () => {
  const assessment = engineOf(NO_SHELL).assess(call("search"));
  assert.equal(assessment.batch, undefined);
  assert.equal(assessment.conclude().allowed, true);
  assert.throws(() => assessment.conclude(), (error) => error.code === "argument.used_up");
  assert.throws(() => assessment.batch, api.ArgumentError);
});

test("totals kept elsewhere decide, and a store that fails denies", async () => {
  const engine = engineOf(TWICE);
  const ledger = new api.MemoryLedger();
  const remote = { apply: async (batch) => ledger.apply(batch) };
  assert.equal((await engine.decideWith(remote, call("search"))).allowed, true);
  const broken = { apply: async () => { throw new Error("connection refused"); } };
  const denied = await engine.decideWith(broken, call("search"));
  assert.equal(denied.code, "ledger.unavailable");
  assert.match(denied.reason, /connection refused/);
  const odd = { apply: async () => ({ committed: true, readings: [] }) };
  assert.equal((await engine.decideWith(odd, call("search"))).code, "ledger.unavailable");
});

test("a snapshot goes on where the ledger stopped", () => {
  const ledger = new api.MemoryLedger();
  const engine = engineOf(TWICE, { ledger });
  engine.decide(call("search"));
  const snapshot = JSON.parse(JSON.stringify(ledger.snapshot(NOON)));
  const again = engineOf(TWICE, { ledger: api.MemoryLedger.restore(snapshot) });
  assert.deepEqual([1, 2].map(() => again.decide(call("search")).allowed), [true, false]);
  assert.throws(() => api.MemoryLedger.restore({ version: 9, totals: [] }), api.LedgerError);
  assert.throws(() => new api.MemoryLedger({ maxCounters: -1 }), api.ArgumentError);
});

test("reservations are settled at the true usage, or released", () => {
  const engine = engineOf("policies: [{ name: budget, type: budget_limit, config: { monthly_budget_usd: 1 } }]");
  const ask = (reservation) =>
    engine.decide({ action: "llm:invoke", context: { estimated_cost_usd: 0.6 }, reservation }).allowed;
  assert.equal(ask("r1"), true);
  assert.equal(ask("r2"), false, "the reserved amount counts");
  assert.deepEqual(engine.ledger.settle("r1", { usd_micros: 100_000 }, NOON), { found: true, overran: false });
  assert.equal(ask("r3"), true);
  assert.equal(engine.ledger.release("r3", NOON).found, true);
  assert.equal(engine.ledger.release("r3", NOON).found, false);
});

test("an approval flips a denial, and only for what it was given", () => {
  const key = api.SigningKey.hmac("k1", new Uint8Array(32).fill(7));
  const policy = "policies: [{ id: p1, name: approvals, type: tool_permission, config: { requires_approval: [pay] } }]";
  const engine = engineOf(policy, { approvals: new api.KeyRing(key) });
  const denied = engine.decide(call("pay"));
  assert.equal(denied.allowed, false);
  assert.equal(denied.document.requestable[0].purpose, "tool-approval");
  const issued_at = new Date(NOON).toISOString();
  const claims = { purpose: "tool-approval", id: "t1", issued_at, policy: "p1", tool: "pay" };
  const token = key.mint(claims);
  const present = (approval_token) => engine.decide(call("pay", { context: { tool_name: "pay", approval_token } }));
  const permitted = present(token);
  assert.equal(permitted.allowed, true, permitted.reason);
  assert.equal(present(key.mint({ ...claims, tool: "other" })).allowed, false);

  const ring = new api.KeyRing(key);
  assert.deepEqual(ring.ids, ["k1"]);
  assert.deepEqual(ring.verify(token, "tool-approval", { now: NOON, maxAgeSeconds: 60 }).tool, "pay");
  const code = (call) => {
    try {
      call();
    } catch (error) {
      return error instanceof api.ApprovalError ? error.code : String(error);
    }
  };
  assert.equal(code(() => ring.verify(token, "tool-approval", { now: NOON })), "approval.expired");
  assert.equal(code(() => ring.verify(token, "agent-delegation-v1", { now: NOON, maxAgeSeconds: 60 })), "approval.wrong_purpose");
  assert.equal(code(() => new api.KeyRing(key, key)), "approval.invalid_key");
  assert.equal(code(() => api.SigningKey.hmac("k", new Uint8Array(31))), "approval.invalid_key");
  assert.equal(ring.remove("k1"), true);
  assert.equal(code(() => ring.verify(token, "tool-approval", { now: NOON, maxAgeSeconds: 60 })), "approval.unknown_key");
});

test("public keys are handed to others, secrets are not", () => {
  const key = api.SigningKey.ed25519("pair", new Uint8Array(32).fill(1));
  const ring = new api.KeyRing().trustEd25519("pair", key.publicKey);
  const claims = { purpose: "tool-approval", id: "t", issued_at: new Date(NOON).toISOString(), tool: "x", policy: "p" };
  assert.equal(ring.verify(key.mint(claims), "tool-approval", { now: NOON, maxAgeSeconds: 1 }).id, "t");
  assert.equal(api.SigningKey.hmac("s", new Uint8Array(32)).publicKey, undefined);
  assert.equal(key.id, "pair");
});

test("the digest of arguments does not depend on the order of keys", () => {
  const digest = api.argumentsDigest({ to: "bob", cents: 1 });
  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.equal(api.argumentsDigest({ cents: 1, to: "bob" }), digest);
  assert.notEqual(api.argumentsDigest({ cents: 2, to: "bob" }), digest);
});

test("an audit log that says nothing is not valid", () => {
  const report = api.verifyAudit("");
  assert.equal(report.valid, false);
  assert.equal(report.status, "nothing_verified");
  assert.equal(api.verifyAudit(new TextEncoder().encode("nonsense\n")).status, "invalid");
  assert.throws(() => api.verifyAudit("", { keys: ["nonsense"] }), (error) => error.pointer === "/keys/0");
});
