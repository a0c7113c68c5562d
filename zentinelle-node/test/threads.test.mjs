import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { call, engineOf, NO_SHELL } from "./support.mjs";

const EACH = 2_000;

if (!isMainThread) {
  const engine = engineOf(NO_SHELL);
  let denied = 0;
  for (let i = 0; i < EACH; i += 1) {
    const decision = engine.decide(call(i % 3 === 0 ? "shell" : "search"));
    if (!decision.allowed && decision.code === "tool_permission.denied") denied += 1;
    decision.dispose();
  }
  parentPort.postMessage(denied);
} else {
  test("worker threads decide side by side, each with an engine of its own", async () => {
    const worker = () =>
      new Promise((done, fail) => {
        const thread = new Worker(fileURLToPath(import.meta.url));
        thread.once("message", done).once("error", fail);
      });
    const denied = await Promise.all(Array.from({ length: 4 }, worker));
    assert.deepEqual(denied, Array(4).fill(Math.ceil(EACH / 3)));
  });

  test("many decisions on other threads at once agree with the ledger", async () => {
    const engine = engineOf("policies: [{ name: rate, type: rate_limit, config: { requests_per_minute: 50 } }]");
    const decisions = await Promise.all(Array.from({ length: 200 }, () => engine.decideAsync(call("search"))));
    assert.equal(decisions.filter((decision) => decision.allowed).length, 50);
  });
}
