import assert from "node:assert/strict";
import { test } from "node:test";
import { api, call, engineOf, NO_SHELL, NOON } from "./support.mjs";

test("validation lists what is there and what is wrong", () => {
  const good = api.validatePolicies(NO_SHELL);
  assert.equal(good.usable, true);
  assert.deepEqual(good.problems, []);
  assert.equal(good.policies[0].whom, "everybody");
  const bad = api.validatePolicies(NO_SHELL.replace("denied_tools", "denied_tool"), "team.yaml");
  assert.equal(bad.usable, false);
  assert.match(bad.rendered, /team\.yaml:5:15[\s\S]*did you mean `denied_tools`/);
  assert.equal(api.validatePolicies("a: [").usable, false);
});

test("differences are told in words", () => {
  const after = NO_SHELL.replace("[shell]", "[shell, mail]") + "  - { name: limits, type: context_limit, config: { max_input_tokens: 10 } }\n";
  const changes = api.diffPolicies(NO_SHELL, after);
  assert.deepEqual(changes.map(({ change, id }) => [change, id]), [["added", "limits"], ["changed", "no-shells"]]);
  assert.deepEqual(changes[1].sentences, ["`config.denied_tools` gains `mail`"]);
  assert.deepEqual(api.diffPolicies(after, after), []);
  assert.throws(() => api.diffPolicies(NO_SHELL, "nonsense"), api.PolicyError);
});

test("a document's own tests are run", () => {
  const document = `${NO_SHELL}
tests:
  - { name: shells are denied, request: { action: tool_call, context: { tool_name: shell } }, expect: deny }
  - { name: wrong, request: { action: tool_call, context: { tool_name: shell } }, expect: permit }
`;
  const [first, second] = api.testPolicies(document);
  assert.equal(first.passed, true);
  assert.equal(second.passed, false);
  assert.equal(second.decision.effect, "deny");
  assert.match(second.explanation, /no shells/);
});

test("types and schemas are those of the engine", () => {
  const types = api.policyTypes();
  assert.equal(types.length, 24);
  assert.ok(types.find((type) => type.name === "tool_permission").codes.includes("tool_permission.denied"));
  assert.equal(api.jsonSchema().title, "Zentinelle policy document");
  assert.equal(api.jsonSchema("decision").type, "object");
  assert.throws(() => api.jsonSchema("nonsense"), api.ArgumentError);
});

test("a replay tells what other policies would have decided", () => {
  const requests = [call("mail", { now: NOON + 1000 }), call("shell", { now: NOON }), call("search")];
  const stricter = NO_SHELL.replace("[shell]", "[mail]");
  const found = api.replay(requests, engineOf(NO_SHELL), engineOf(stricter));
  assert.equal(found.requests, 3);
  assert.deepEqual(found.before, { permitted: 2, denied: 1 });
  assert.deepEqual(found.after, { permitted: 2, denied: 1 });
  assert.deepEqual(found.newlyDenied.map(({ position }) => position), [0]);
  assert.deepEqual(found.newlyAllowed.map(({ position }) => position), [1]);
  assert.equal(found.newlyDenied[0].after.code, "tool_permission.denied");
});
