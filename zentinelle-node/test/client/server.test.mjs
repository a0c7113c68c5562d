// The client against the real server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as client from "../../dist/esm/client/index.js";
import { startServer } from "./server.mjs";

const program = process.env.ZENTINELLE_PROGRAM;
const skip = program ? false : "ZENTINELLE_PROGRAM names no server";
let server;
before(async () => {
  if (program) server = await startServer(program);
});
after(() => server?.stop());

function connect(more = {}) {
  return new client.ZentinelleClient({
    endpoint: server.url,
    apiKey: server.keys.agent,
    retryBaseMs: 1,
    flushIntervalMs: 0,
    heartbeatIntervalMs: 0,
    ...more,
  });
}

test("an agent enrols, learns its policies, asks, reports and leaves", { skip }, async () => {
  const agent = connect({ apiKey: server.keys.enrol, agentId: "support-js", agentType: "custom" });
  const registered = await agent.register({ name: "Support", capabilities: ["tickets"], metadata: { team: "a" } });
  assert.equal(registered.agentId, "support-js");
  assert.match(registered.apiKey, /^sk_agent_/);
  assert.ok(registered.policies.length > 0);

  const config = await agent.getConfig();
  assert.equal(config.agentId, "support-js");
  assert.ok(config.updatedAt.getTime() > 0);
  assert.equal(await agent.getConfig(), config, "believed for a while");
  assert.notEqual(await agent.getConfig({ forceRefresh: true }), config);
  const [first] = config.policies;
  assert.ok((await agent.getPolicies([first.type])).every((policy) => policy.type === first.type));

  const asked = await agent.evaluate("tool_call", { userId: "alice", context: { tool: "search" } });
  assert.equal(typeof asked.allowed, "boolean");
  assert.equal(asked.failOpen, false);
  assert.ok(Array.isArray(asked.policiesEvaluated) && asked.policiesEvaluated.length > 0);

  agent.emitToolCall("search", { inputs: { q: 1 }, durationMs: 3, userId: "alice" });
  agent.emitModelRequest({ provider: "openai", model: "m", inputTokens: 1, outputTokens: 2 });
  agent.trackUsage({ provider: "openai", model: "m", inputTokens: 1, outputTokens: 2, estimatedCost: 0.01 });
  agent.emit("something", { a: 1 }, { category: "compliance" });
  await agent.flushEvents();
  const beat = await agent.heartbeat("healthy", { load: 1 });
  assert.equal(beat.acknowledged, true);
  assert.deepEqual(await agent.getSecrets(), {});
  assert.equal(await agent.getSecret("absent", "fallback"), "fallback");
  await agent.shutdown();
});

test("a denial is a result, and thrown where that is asked for", { skip }, async () => {
  const agent = connect();
  const shell = (command) => ({ userId: "alice", context: { tool: "Bash", tool_input: { command } } });
  const permitted = await agent.evaluate("tool_call", shell("cargo test"));
  assert.equal(permitted.allowed, true, permitted.reason);
  assert.deepEqual(permitted.blockedPolicies, []);
  const denied = await agent.evaluate("tool_call", shell("rm -rf /"));
  assert.equal(denied.allowed, false);
  assert.ok(denied.reason.length > 0 && denied.blockedPolicies.length > 0);
  await assert.rejects(agent.enforce("tool_call", shell("rm -rf /")), (error) => {
    assert.ok(error instanceof client.PolicyViolationError);
    assert.deepEqual(error.result.blockedPolicies, denied.blockedPolicies);
    return true;
  });
  assert.equal(typeof (await agent.canUseModel("gpt-5")).allowed, "boolean");
  assert.equal(typeof (await agent.canCallTool("search", "alice")).allowed, "boolean");
});

test("a refused key is an error even where failing open was chosen", { skip }, async () => {
  const agent = connect({ apiKey: `sk_agent_${"x".repeat(43)}`, failOpen: true });
  await assert.rejects(agent.evaluate("tool_call"), (error) => {
    assert.ok(error instanceof client.ZentinelleAuthError);
    assert.equal(error.status, 401);
    assert.doesNotMatch(JSON.stringify(error) + error.message, /xxxx/);
    return true;
  });
});
