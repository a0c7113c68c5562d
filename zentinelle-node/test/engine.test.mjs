import assert from "node:assert/strict";
import { test } from "node:test";
import { api, call, engineOf, NO_SHELL, NOON } from "./support.mjs";

test("a denial says which policy, which code and what would mend it", () => {
  const engine = engineOf(NO_SHELL);
  const decision = engine.decide(call("shell"));
  assert.equal(decision.allowed, false);
  assert.equal(decision.effect, "deny");
  assert.equal(decision.code, "tool_permission.denied");
  assert.match(decision.reason, /shell/);
  assert.deepEqual(decision.document.determining, ["no-shells"]);
  assert.match(decision.explain(), /no shells/);
  assert.equal(decision.smallestChange().length, 1);
  assert.equal(JSON.parse(JSON.stringify(decision)).effect, "deny");
});

test("a permitted request has no reason", () => {
  const decision = engineOf(NO_SHELL).decide(call("search", { user_id: "alice" }));
  assert.equal(decision.allowed, true);
  assert.equal(decision.effect, "permit");
  assert.equal(decision.reason, undefined);
  assert.equal(decision.code, undefined);
  assert.deepEqual(decision.smallestChange(), []);
  assert.equal(decision.document.tenant_id, "acme");
  assert.equal(decision.document.agent_id, "agent-1");
});

test("where no policy applies the host chooses the answer", () => {
  const elsewhere = NO_SHELL + "    scope: { type: endpoint, id: other }\n";
  assert.equal(engineOf(elsewhere).decide(call("shell")).effect, "no_policy");
  assert.equal(engineOf(elsewhere).decide(call("shell")).allowed, false);
  assert.equal(engineOf(elsewhere, { noPolicy: "permit" }).decide(call("shell")).allowed, true);
});

test("a dry run is allowed and says what it would have been", () => {
  const decision = engineOf(NO_SHELL).decide(call("shell", { dry_run: true }));
  assert.equal(decision.allowed, true);
  assert.equal(decision.effect, "deny");
});

test("an agent that is not active may do nothing", () => {
  const decision = engineOf(NO_SHELL).decide(call("search", { agent: { agent_id: "a", status: "suspended" } }));
  assert.equal(decision.allowed, false);
});

test("a broken document throws every problem with its place", () => {
  const document = "policies:\n  - name: ünïcode 🦀\n    type: tool_permission\n    config: { denied_tool: [shell] }\n  - name: b\n    type: nonsense\n";
  assert.throws(
    () => api.Engine.fromYaml(document),
    (error) => {
      assert.ok(error instanceof api.PolicyError && error instanceof api.ZentinelleError && error instanceof Error);
      assert.equal(error.name, "PolicyError");
      assert.equal(error.code, "policy.unknown_key");
      assert.equal(error.pointer, "/policies/0/config/denied_tool");
      assert.match(error.help, /denied_tools/);
      assert.equal(error.problems.length, 2);
      const [first] = error.problems;
      assert.equal(document.slice(first.start, first.end), "denied_tool");
      assert.equal(first.line, 4);
      return true;
    },
  );
});

test("a stored policy that cannot be compiled closes its door and is listed", () => {
  const engine = api.Engine.fromPolicies([
    { id: "p1", type: "tool_permission", config: { denied_tools: "not a list" } },
    { id: "p2", type: "context_limit", config: { max_input_tokens: 10, nonsense: 1 } },
  ]);
  assert.equal(engine.decide(call("search")).allowed, false);
  assert.deepEqual(
    engine.findings.map(({ position, fatal, pointer }) => ({ position, fatal, pointer })),
    [
      { position: 0, fatal: true, pointer: "/config/denied_tools" },
      { position: 1, fatal: false, pointer: "/config/nonsense" },
    ],
  );
});

test("a request that cannot be read is an error with its place, not a decision", () => {
  const engine = engineOf(NO_SHELL);
  const fails = (request, code, pointer) =>
    assert.throws(
      () => engine.decide(request),
      (error) => {
        assert.ok(error instanceof api.RequestError, String(error));
        assert.equal(error.code, code);
        assert.equal(error.pointer, pointer);
        return true;
      },
    );
  fails({ action: "" }, "policy.missing_key", "");
  fails(call("x", { agnet_id: "a" }), "policy.unknown_key", "/agnet_id");
  fails(call("x", { context: { input_tokens: NaN } }), "request.unrepresentable", "/context/input_tokens");
  fails(call("x", { context: { "a/b~c": [1, () => 1] } }), "request.unrepresentable", "/context/a~1b~0c/1");
  fails(call("x", { context: { when: new Map() } }), "request.unrepresentable", "/context/when");
  fails(call("x", { context: [] }), "policy.wrong_type", "/context");
  const circular = {};
  circular.self = circular;
  assert.throws(() => engine.decide(call("x", { context: circular })), api.RequestError);
  assert.throws(() => engine.decide(call("x", { now: "yesterday" })), api.ArgumentError);
});

test("whole numbers beyond 2^53 keep their digits, dates become text", () => {
  const context = { tool_name: "search", big: 9007199254740993n, at: new Date(NOON), none: undefined, nothing: null };
  const { json } = engineOf(NO_SHELL).decide({ action: "tool_call", context });
  assert.match(json, /"big":9007199254740993[,}]/);
  assert.match(json, /"at":"2026-03-11T12:00:00.000Z"/);
  assert.match(json, /"nothing":null/);
  assert.doesNotMatch(json, /"none"/);
});

test("limits count, refuse, and say when they open again", () => {
  const engine = engineOf("policies: [{ name: rate, type: rate_limit, config: { requests_per_minute: 2 } }]");
  const allowed = [1, 2, 3].map(() => engine.decide(call("search")).allowed);
  assert.deepEqual(allowed, [true, true, false]);
  const refused = engine.decide(call("search"));
  assert.ok(refused.retryAt.getTime() > NOON && refused.retryAt.getTime() <= NOON + 61_000);
  assert.equal(engine.decide(call("search", { now: NOON + 120_000 })).allowed, true);
});

test("an engine keeps its decisions until they are let go", () => {
  const engine = engineOf(NO_SHELL);
  const decision = engine.decide(call("shell"));
  assert.equal(engine.kept, 1);
  assert.equal(decision.code, "tool_permission.denied");
  decision.dispose();
  decision.dispose();
  assert.equal(engine.kept, 0);
  assert.equal(decision.code, "tool_permission.denied", "what was read stays readable");
  assert.throws(() => decision.explain(), (error) => error.code === "argument.used_up");
  assert.equal(typeof decision[Symbol.dispose], "function");
});

test("a full table of decisions costs time, not answers", () => {
  const engine = engineOf(NO_SHELL);
  const decisions = Array.from({ length: 16_390 }, (_, i) => engine.decide(call(i % 2 ? "shell" : "search")));
  assert.equal(engine.kept, 16_384);
  for (const [i, decision] of [...decisions.entries()].slice(-10)) {
    assert.equal(decision.code, i % 2 ? "tool_permission.denied" : undefined);
    assert.match(decision.explain(), /no shells/);
  }
  decisions.forEach((decision) => decision.dispose());
  assert.equal(engine.kept, 0);
});

test("deciding on another thread gives the same answer", async () => {
  const engine = engineOf(NO_SHELL);
  const decision = await engine.decideAsync(call("shell", { context: { tool_name: "shell", note: "x".repeat(100_000) } }));
  assert.equal(decision.code, "tool_permission.denied");
  await assert.rejects(engine.decideAsync({ action: "" }), api.RequestError);
});
