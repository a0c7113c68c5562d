// Inputs made to break an engine: the module has a small stack, and one that traps could answer nothing any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { api, call, engineOf, NO_SHELL } from "./support.mjs";

const DATABASE = `
policies:
  - name: tables
    type: data_access
    config: { blocked_tables: [salaries], read_only_databases: [main] }
  - name: read only
    type: tool_permission
    inheritance: floor
    config: { tool_configs: { execute_sql: { read_only: true } } }
`;

function settles(run) {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof api.ZentinelleError, String(error));
    return error;
  }
}

test("deeply nested SQL, documents and requests are answered, and the engine goes on", () => {
  const engine = engineOf(`${NO_SHELL}${DATABASE.replace("\npolicies:", "")}`);
  for (const depth of [50, 1_000, 20_000]) {
    const queries = [
      `SELECT ${"(".repeat(depth)}1${")".repeat(depth)} FROM tickets`,
      `${"SELECT * FROM (".repeat(depth)}SELECT 1${") x".repeat(depth)}`,
      `SELECT 1 WHERE ${"NOT ".repeat(depth)}1`,
      `SELECT ${"1 + ".repeat(depth)}1 FROM tickets`,
      `SELECT ${"CASE WHEN ".repeat(depth)}1`,
    ];
    for (const query of queries) {
      const context = { tool_name: "execute_sql", tool_input: { query }, query, sql: query, database: "main" };
      const decision = engine.decide({ action: "tool_call", context });
      assert.equal(typeof decision.allowed, "boolean");
      decision.dispose();
    }
    for (const [open, close] of [["[", "]"], ["{a: ", "}"], ["- ", ""]]) {
      settles(() => api.validatePolicies(`policies: ${open.repeat(depth)}${close.repeat(depth)}`));
      settles(() => api.Engine.fromYaml(open.repeat(depth)));
    }
    let nested = "x";
    for (let i = 0; i < depth; i += 1) nested = [nested];
    settles(() => engine.decide({ action: "tool_call", context: { nested } }));
    settles(() => api.argumentsDigest({ nested }));
  }
  assert.equal(engine.decide(call("shell")).allowed, false);
});

test("long and odd texts are scanned", () => {
  const scanner = new api.Scanner();
  const texts = ["a".repeat(300_000), "(".repeat(50_000), "%25".repeat(50_000), "\u{feff}\u200b".repeat(20_000), "\ud800 lone", "🦀".repeat(50_000)];
  for (const text of texts) {
    assert.ok(Array.isArray(scanner.scan(text)));
    assert.equal(typeof api.judge(text, "tool").score, "number");
  }
  assert.ok(scanner.redact("\ud800 jo.doe@corp.test").text.endsWith("[REDACTED:email]"));
});
