// The Redis ledger against a real Redis, compared with the memory ledger on the same batches.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { api, call, engineOf, NOON } from "./support.mjs";

const skip = spawnSync("redis-server", ["--version"]).status === 0 ? false : "there is no redis-server here";

/** Speaks just enough of Redis's protocol to run a script. */
async function startRedis(t) {
  const probe = createServer();
  await new Promise((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  const folder = mkdtempSync(join(tmpdir(), "zentinelle-redis-"));
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  const server = spawn("redis-server", options, { stdio: "ignore" });
  let socket;
  for (let attempt = 0; socket === undefined && attempt < 200; attempt += 1) {
    socket = await new Promise((done) => {
      const found = connect(port, "127.0.0.1", () => done(found)).once("error", () => done(undefined));
    });
    if (socket === undefined) await new Promise((done) => setTimeout(done, 25));
  }
  t.after(() => {
    socket?.destroy();
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const waiting = [];
  let held = Buffer.alloc(0);
  const read = (at) => {
    const end = held.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const [kind, rest] = [String.fromCharCode(held[at]), held.toString("utf8", at + 1, end)];
    if (kind === "$") {
      const from = end + 2;
      const to = from + Number(rest);
      return held.length < to + 2 ? undefined : [held.toString("utf8", from, to), to + 2];
    }
    if (kind !== "*") return [kind === "-" ? new Error(rest) : rest, end + 2];
    const items = [];
    let next = end + 2;
    for (let i = 0; i < Number(rest); i += 1) {
      const item = read(next);
      if (item === undefined) return undefined;
      items.push(item[0]);
      next = item[1];
    }
    return [items, next];
  };
  socket.on("data", (piece) => {
    held = Buffer.concat([held, piece]);
    for (let found = read(0); found !== undefined; found = held.length > 0 ? read(0) : undefined) {
      held = held.subarray(found[1]);
      const { done, fail } = waiting.shift();
      found[0] instanceof Error ? fail(found[0]) : done(found[0]);
    }
  });
  return (script, keys, args) => {
    const words = ["EVAL", script, String(keys.length), ...keys, ...args];
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
    return new Promise((done, fail) => waiting.push({ done, fail }));
  };
}

test("Redis counts as memory does, in every kind of window", { skip }, async (t) => {
  const redis = new api.RedisLedger(await startRedis(t));
  const memory = new api.MemoryLedger();
  const windows = [{ fixed: { seconds: 60 } }, { sliding: { seconds: 60 } }, { sliding: { seconds: 7 } }, "calendar_month"];
  let seed = 1;
  const random = (most) => (seed = (seed * 48_271) % 2_147_483_647) % most;
  let now = NOON;
  for (let round = 0; round < 400; round += 1) {
    now += random(4_000);
    const meters = [...new Set(Array.from({ length: 1 + random(3) }, () => random(6)))];
    const postings = meters.map((meter) => ({
      counter: { tenant: "t{1}", holder: { agent: "a" }, meter: `m${meter}`, subject: random(2) ? "s" : null },
      window: windows[meter % windows.length],
      amount: random(5),
      unit: "calls",
      limit: random(4) === 0 ? null : 10 + random(30),
    }));
    const batch = { postings, now: new Date(now).toISOString(), mode: random(5) === 0 ? "peek" : "commit", reservation: null };
    const [theirs, ours] = [memory.apply(batch), await redis.apply(batch)];
    const plain = ({ committed, readings }) => [committed, readings.map(({ used, resets_at }) => [used, Date.parse(resets_at)])];
    assert.deepEqual(plain(ours), plain(theirs), `round ${round}: ${JSON.stringify(batch)}`);
  }
});

test("of racing requests exactly as many pass as the limit admits", { skip }, async (t) => {
  const run = await startRedis(t);
  const policy = "policies: [{ name: rate, type: rate_limit, config: { requests_per_minute: 25 } }]";
  const hosts = Array.from({ length: 4 }, () => [engineOf(policy), new api.RedisLedger(run)]);
  const decisions = await Promise.all(
    Array.from({ length: 100 }, (_, i) => hosts[i % 4][0].decideWith(hosts[i % 4][1], call("search"))),
  );
  assert.equal(decisions.filter((decision) => decision.allowed).length, 25);
  const reserved = await hosts[0][0].decideWith(hosts[0][1], call("search", { reservation: "r", user_id: "b" }));
  assert.equal(reserved.code, "ledger.unavailable");
});
