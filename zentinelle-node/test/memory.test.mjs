import assert from "node:assert/strict";
import { test } from "node:test";
import { call, engineOf, NO_SHELL } from "./support.mjs";

const MEGABYTE = 1024 * 1024;
const MOST_GROWTH = 40 * MEGABYTE;

test("memory stays flat over a million decisions that are disposed of", () => {
  const engine = engineOf(NO_SHELL);
  const decide = (times) => {
    for (let i = 0; i < times; i += 1) {
      const decision = engine.decide(call("shell"));
      if (i % 16 === 0) decision.document;
      decision.dispose();
    }
  };
  decide(100_000);
  const before = process.memoryUsage().rss;
  decide(1_000_000);
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < MOST_GROWTH, `grew by ${(growth / MEGABYTE).toFixed(1)} MB`);
  assert.equal(engine.kept, 0);
});

test("decisions that nobody disposes of are let go by the collector", async () => {
  const engine = engineOf(NO_SHELL);
  const decide = async (times) => {
    for (let i = 0; i < times; i += 1) {
      engine.decide(call("shell"));
      if (i % 1_000 === 0) await new Promise((done) => setImmediate(done));
    }
  };
  await decide(100_000);
  const before = process.memoryUsage().rss;
  await decide(300_000);
  const growth = process.memoryUsage().rss - before;
  assert.ok(growth < MOST_GROWTH, `grew by ${(growth / MEGABYTE).toFixed(1)} MB`);
  assert.ok(engine.kept <= 16_384);
});
