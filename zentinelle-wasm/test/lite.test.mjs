// The small build: what it leaves out denies or is refused, and says so; all else it decides as the whole engine does.
import assert from "node:assert/strict";
import { test } from "node:test";

const lite = await import("../dist/esm/wasm-lite-node.js");
const NOON = Date.parse("2026-03-11T12:00:00Z");
const options = { tenantId: "acme", agentId: "agent-1", clock: () => NOON };
const call = (context) => ({ action: "tool_call", context: { tool_name: "search", ...context } });
const MISSING = "policy.not_in_this_build";

test("a policy that needs scanners refuses its document", () => {
  for (const type of ["output_filter", "prompt_injection"]) {
    const document = `policies: [{ name: a, type: ${type}, config: {} }]`;
    assert.throws(
      () => lite.Engine.fromYaml(document, options),
      (error) => error instanceof lite.PolicyError && error.code === MISSING && /scanners/.test(error.message),
    );
  }
});

test("a stored policy that needs scanners denies whatever it applies to, and is named", () => {
  const tools = { id: "tools", type: "tool_permission", config: { allowed_tools: ["search"] } };
  const open = lite.Engine.fromPolicies([tools], options).decide(call({}));
  assert.equal(open.allowed, true);
  for (const type of ["output_filter", "prompt_injection"]) {
    const engine = lite.Engine.fromPolicies([tools, { id: "scan", type, config: {} }], options);
    const decision = engine.decide(call({ output_text: "nothing wrong here" }));
    assert.equal(decision.allowed, false);
    assert.equal(decision.code, MISSING);
    assert.deepEqual(engine.findings.map(({ code, fatal }) => [code, fatal]), [[MISSING, true]]);
  }
});

test("a statement of SQL is never known to only read, and time zones other than UTC are refused", () => {
  const read = lite.Engine.fromYaml(
    "policies: [{ name: a, type: data_access, config: { read_only_databases: ['*'] } }]",
    options,
  );
  const denied = read.decide(call({ database: "crm", sql: "SELECT 1" }));
  assert.equal(denied.allowed, false);
  assert.match(denied.reason, /does not read SQL/);
  const zone = (name) =>
    `policies: [{ name: a, type: session_policy, config: { allowed_hours: { start: 9, end: 17 }, timezone: ${name} } }]`;
  assert.throws(() => lite.Engine.fromYaml(zone("Europe/Berlin"), options), (error) => error.code === MISSING);
  assert.ok(lite.Engine.fromYaml(zone("UTC"), options));
});

test("the small build has no scanners to hand out", () => {
  for (const name of ["Scanner", "StreamScanner", "judge", "validatePolicies", "verifyAudit"]) {
    assert.equal(name in lite, false, name);
  }
});
