// The Redis ledger against a real Redis, compared with the memory ledger on the same batches.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { api, call, engineOf, NOON } from "./support.mjs";

if (spawnSync("redis-server", ["--version"]).status !== 0) {
  throw new Error("`redis-server` is not installed: install it, or run `scripts/services.sh start` as root, which does");
}

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

test("Redis counts as memory does, in every kind of window", async (t) => {
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

test("of racing requests exactly as many pass as the limit admits", async (t) => {
  const run = await startRedis(t);
  const policy = "policies: [{ name: rate, type: rate_limit, config: { requests_per_minute: 25 } }]";
  const hosts = Array.from({ length: 4 }, () => [engineOf(policy), new api.RedisLedger(run)]);
  const decisions = await Promise.all(
    Array.from({ length: 100 }, (_, i) => hosts[i % 4][0].decideWith(hosts[i % 4][1], call("search"))),
  );
  assert.equal(decisions.filter((decision) => decision.allowed).length, 25);
});

test("reservations settle in Redis as in memory, whatever comes between", async (t) => {
  const redis = new api.RedisLedger(await startRedis(t), { reservationSeconds: 90 });
  const memory = new api.MemoryLedger({ reservationSeconds: 90 });
  const windows = [{ fixed: { seconds: 60 } }, { sliding: { seconds: 60 } }, { fixed: { seconds: 20 } }, "calendar_month"];
  const units = ["tokens", "usd_micros", "bytes", "calls"];
  let seed = 7;
  const random = (most) => (seed = (seed * 48_271) % 2_147_483_647) % most;
  const both = async (what) => {
    const [theirs, ours] = await Promise.all(
      [memory, redis].map(async (ledger) => {
        try {
          return await what(ledger);
        } catch (error) {
          return error.code;
        }
      }),
    );
    const plain = (answer) =>
      answer.readings === undefined
        ? answer
        : [answer.committed, answer.readings.map(({ used, resets_at }) => [used, Date.parse(resets_at)])];
    assert.deepEqual(plain(ours), plain(theirs));
    return plain(ours);
  };
  const seen = new Set();
  let now = NOON;
  for (let round = 0; round < 600; round += 1) {
    now += random(6_000);
    const id = `r${random(12)}`;
    const turn = random(5);
    if (turn < 3) {
      const meters = [...new Set(Array.from({ length: 1 + random(3) }, () => random(8)))];
      const postings = meters.map((meter) => ({
        counter: { tenant: "t", holder: "tenant", meter: `m${meter}`, subject: null },
        window: windows[meter % 4],
        amount: random(9),
        unit: units[random(4)],
        limit: random(3) === 0 ? null : 40 + random(60),
      }));
      const mode = random(6) === 0 ? "peek" : "commit";
      const batch = { postings, now: new Date(now).toISOString(), mode, reservation: random(4) === 0 ? null : id };
      const said = await both((ledger) => ledger.apply(batch));
      seen.add(typeof said === "string" ? said : said[0]);
    } else if (turn === 3) {
      const usage = Object.fromEntries(units.slice(0, 3).flatMap((unit) => (random(2) ? [[unit, random(14)]] : [])));
      const { found, overran } = await both((ledger) => ledger.settle(id, usage, now));
      seen.add(`settled ${found} ${overran}`);
    } else {
      seen.add(`released ${(await both((ledger) => ledger.release(id, now))).found}`);
    }
  }
  const expected = [true, false, "ledger.reservation_exists", "settled true true", "settled true false", "settled false false", "released true", "released false"];
  for (const one of expected) assert.ok(seen.has(one), `the rounds never came to ${one}`);
});

test("a reservation made by one process is settled by another, once", async (t) => {
  const run = await startRedis(t);
  const policy = "policies: [{ name: day, type: rate_limit, config: { tokens_per_day: 1000 } }]";
  const ask = (reservation) => ({ action: "llm:invoke", reservation, context: { tokens: 900 } });
  const [here, there] = [new api.RedisLedger(run), new api.RedisLedger(run)];
  const engine = engineOf(policy);
  assert.equal((await engine.decideWith(here, ask("r1"))).allowed, true);
  assert.equal((await engine.decideWith(there, ask("r2"))).code, "rate_limit.exceeded");
  assert.deepEqual(await there.settle("r1", { tokens: 100 }, NOON), { found: true, overran: false });
  assert.deepEqual(await here.settle("r1", { tokens: 100 }, NOON), { found: false, overran: false });
  assert.equal((await engine.decideWith(here, ask("r2"))).allowed, true, "what was not used is there again");
  await assert.rejects(here.settle("r2", { words: 3 }), (error) => error.code === "argument.unknown_key");
});
