import assert from "node:assert/strict";
import { test } from "node:test";
import express from "express";
import { Hono } from "hono";
import { Engine } from "../dist/esm/index.js";
import { expressGuard, honoGuard } from "../dist/esm/integrations/http.js";

const engine = () =>
  Engine.fromYaml(`
policies:
  - { name: no shells, type: tool_permission, config: { denied_tools: [shell] } }
  - { name: rate, type: rate_limit, config: { requests_per_minute: 2 } }
`);

const question = (header, tool) =>
  header === undefined ? undefined : { action: "tool_call", agent_id: header, context: { tool_name: tool } };

async function check(ask) {
  assert.deepEqual((await ask("search", "a")).status, 200);
  const denied = await ask("shell", "a");
  assert.deepEqual([denied.status, (await denied.json()).error], [403, "tool_permission.denied"]);
  assert.equal((await ask("search", "a")).status, 200);
  const limited = await ask("search", "a");
  assert.deepEqual([limited.status, (await limited.json()).error], [429, "rate_limit.exceeded"]);
  assert.ok(Number(limited.headers.get("retry-after")) >= 1);
  assert.equal((await ask("search", undefined)).status, 200, "what is not to be decided goes on");
  assert.equal((await ask("broken", "a")).status, 500, "an undecided request does not go on");
}

function refuseBroken(tool) {
  if (tool === "broken") throw new Error("no such session");
}

test("Express", async (t) => {
  const app = express();
  app.set("env", "test");
  const request = ({ headers, params }) => {
    refuseBroken(params.tool);
    return question(headers["x-agent"], params.tool);
  };
  app.get("/tools/:tool", expressGuard({ engine: engine(), request }), (_, response) => response.json({ ran: true }));
  const server = app.listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}/tools/`;
  await check((tool, agent) => fetch(url + tool, { headers: agent ? { "x-agent": agent } : {} }));
});

test("Hono", async () => {
  const app = new Hono();
  const request = (context) => {
    refuseBroken(context.req.param("tool"));
    return question(context.req.header("x-agent"), context.req.param("tool"));
  };
  app.get("/tools/:tool", honoGuard({ engine: engine(), request }), (context) => context.json({ ran: true }));
  app.onError((_, context) => context.json({}, 500));
  await check(async (tool, agent) => app.request(`/tools/${tool}`, { headers: agent ? { "x-agent": agent } : {} }));
});
