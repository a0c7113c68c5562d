// How the client behaves when the server does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "../../dist/esm/client/index.js";

/** A client whose `fetch` answers from a list; the last answer repeats. */
function scripted(answers, more = {}) {
  const calls = [];
  const fetch = async (url, init) => {
    calls.push({ url, init, body: init.body && JSON.parse(init.body) });
    const answer = answers[Math.min(calls.length, answers.length) - 1];
    if (answer instanceof Error) throw answer;
    const [status, body, headers] = answer;
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
  };
  const agent = new client.ZentinelleClient({
    endpoint: "https://zentinelle.test/",
    apiKey: "sk_agent_secret",
    agentId: "a/1",
    retryBaseMs: 1,
    fetch,
    ...more,
  });
  return { agent, calls };
}

const AWAY = new TypeError("fetch failed");
const YES = [200, { allowed: true, reason: null, policies_evaluated: [], warnings: [], context: {} }];

test("a call that fails is tried again, a call that is refused is not", async () => {
  const patient = scripted([AWAY, [503, {}], [200, "not json"], YES]);
  assert.equal((await patient.agent.evaluate("x")).allowed, true);
  assert.equal(patient.calls.length, 4);
  assert.equal(patient.calls[0].url, "https://zentinelle.test/api/v1/evaluate");
  assert.equal(patient.calls[0].init.headers["X-Zentinelle-Key"], "sk_agent_secret");
  assert.deepEqual(patient.calls[0].body, { agent_id: "a/1", action: "x", user_id: "", context: {} });

  const wrong = scripted([[400, { error: "invalid", detail: "no" }]]);
  await assert.rejects(wrong.agent.evaluate("x"), (error) => error.status === 400 && error.code === "invalid");
  assert.equal(wrong.calls.length, 1);

  const hasty = scripted([[429, {}, { "Retry-After": "7" }]]);
  await assert.rejects(hasty.agent.evaluate("x"), (error) => error.retryAfter === 7 && error instanceof client.ZentinelleError);
});

test("a server that is away denies by an error, or lets through where that was chosen", async () => {
  await assert.rejects(scripted([AWAY]).agent.evaluate("x"), client.ZentinelleConnectionError);
  const open = await scripted([AWAY], { failOpen: true }).agent.evaluate("x");
  assert.deepEqual([open.allowed, open.failOpen, open.reason, open.warnings.length], [true, true, "fail_open", 1]);
  const odd = scripted([[200, { allowed: "yes" }]], { failOpen: true, maxRetries: 0 });
  await assert.rejects(odd.agent.evaluate("x"), (error) => error.code === "client.malformed_answer");
});

test("the breaker opens after five calls that failed, and closes after three that did not", async () => {
  let now = 0;
  const breaker = new client.CircuitBreaker({ clock: () => now });
  const fail = () => breaker.run(async () => { throw new Error("away"); }).catch((error) => error);
  for (let i = 0; i < 5; i += 1) await fail();
  assert.equal(breaker.state, "open");
  assert.equal((await fail()).code, "client.circuit_open");
  now = 30_000;
  assert.equal(breaker.state, "half-open");
  await fail();
  assert.equal(breaker.state, "open", "one failure opens it again");
  now = 60_000;
  for (let i = 0; i < 3; i += 1) await breaker.run(async () => i);
  assert.equal(breaker.state, "closed");
});

test("an answer of a server that is there never opens the breaker", async () => {
  const { agent } = scripted([[404, {}]]);
  for (let i = 0; i < 8; i += 1) await agent.evaluate("x").catch(() => undefined);
  assert.equal(agent.circuitState, "closed");
});

test("events wait for the server, the oldest make room, and none is sent twice", async () => {
  const warnings = [];
  const { agent, calls } = scripted([AWAY, AWAY, AWAY, AWAY, [200, { accepted: 1 }]], {
    bufferSize: 2,
    maxRetries: 0,
    onWarning: (message) => warnings.push(message),
  });
  for (let i = 0; i < 1_003; i += 1) agent.emit("e", { i });
  await agent.flushEvents();
  assert.match(warnings.join("\n"), /events were lost: the buffer is full/);
  for (let i = 0; i < 5; i += 1) await agent.flushEvents();
  const sent = calls.slice(4).flatMap(({ body }) => body.events.map((event) => event.payload.i));
  assert.equal(new Set(sent).size, sent.length);
  assert.equal(sent.at(-1), 1_002);
  assert.deepEqual(sent, [...sent].sort((a, b) => a - b));
  assert.equal(sent.length, 1_000);
});

test("the key never travels in the clear, nor into an error", () => {
  const make = (endpoint) => () => new client.ZentinelleClient({ endpoint, apiKey: "sk_agent_secret" });
  assert.throws(make("http://zentinelle.test"), (error) => error.code === "argument.insecure_endpoint");
  assert.throws(make("nonsense"), (error) => error.code === "argument.invalid_endpoint");
  assert.doesNotThrow(make("http://localhost:8000"));
  assert.doesNotMatch(JSON.stringify(make("https://zentinelle.test")()), /secret/);
});

test("a client that is nobody says so", async () => {
  const { agent } = scripted([YES], { agentId: undefined });
  await assert.rejects(agent.heartbeat(), (error) => error.code === "argument.no_agent");
  assert.equal((await agent.evaluate("x")).allowed, true, "the key says who asks");
});
