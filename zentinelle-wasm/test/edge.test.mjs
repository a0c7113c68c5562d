// The edge example, with nothing but the Web's own interfaces.
import assert from "node:assert/strict";
import { readFileSync, mkdtempSync, symlinkSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));

test("a worker at the edge lets through what policies allow", async (t) => {
  const project = mkdtempSync(join(tmpdir(), "zentinelle-edge-"));
  t.after(() => rmSync(project, { recursive: true }));
  mkdirSync(join(project, "node_modules/@zentinelle"), { recursive: true });
  symlinkSync(here, join(project, "node_modules/@zentinelle/wasm"));
  cpSync(join(here, "../examples/edge/worker.js"), join(project, "worker.mjs"));

  const { createWorker } = await import(pathToFileURL(join(project, "worker.mjs")).href);
  const module = new WebAssembly.Module(readFileSync(join(here, "web/zentinelle_bg.wasm")));
  const worker = createWorker(module);
  const ask = async (body, agent = "agent-1") => {
    const headers = agent === undefined ? {} : { "x-authenticated-agent": agent };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const reply = await worker.fetch(new Request("https://edge.test/", { method: "POST", headers, body: text }));
    return [reply.status, await reply.json()];
  };
  assert.deepEqual(await ask({ tool: "search" }), [200, { effect: "permit" }]);
  const [status, denial] = await ask({ tool: "shell" });
  assert.deepEqual([status, denial.code], [403, "tool_permission.denied"]);
  assert.deepEqual((await ask("nonsense"))[0], 400);
  assert.equal((await worker.fetch(new Request("https://edge.test/", { method: "POST" }))).status, 401);
  for (let i = 0; i < 9; i += 1) await ask({ tool: "search" });
  const [limited, refused] = await ask({ tool: "search" });
  assert.equal(limited, 429);
  assert.ok(Date.parse(refused.retry_at) > Date.now());
});
