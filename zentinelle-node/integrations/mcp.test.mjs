import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { guardServer } from "../dist/esm/integrations/mcp.js";
import { guard } from "./support.mjs";

async function connected(options, register) {
  const server = guardServer(new McpServer({ name: "s", version: "1" }), options);
  register(server);
  const client = new Client({ name: "c", version: "1" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  return { client, server };
}

test("tools of a server are decided before they run, over the real protocol", async (t) => {
  const { options, decisions } = guard({ redact: true });
  const ran = [];
  const { client, server } = await connected(options, (server) => {
    const answer = (name) => async (input) => {
      ran.push([name, input]);
      return { content: [{ type: "text", text: "write to jo.doe@corp.test" }] };
    };
    server.registerTool("search", { description: "d", inputSchema: { q: z.string() } }, answer("search"));
    server.registerTool("shell", { description: "d" }, answer("shell"));
    server.registerTool("file_read", { description: "d", inputSchema: { path: z.string() } }, answer("file_read"));
    assert.throws(() => server.tool("other", async () => ({ content: [] })), TypeError);
  });
  t.after(async () => {
    await client.close();
    await server.close();
  });
  assert.deepEqual((await client.listTools()).tools.map(({ name }) => name), ["search", "shell", "file_read"]);
  const found = await client.callTool({ name: "search", arguments: { q: "x" } });
  assert.deepEqual(found.content, [{ type: "text", text: "write to [REDACTED:email]" }]);
  const denied = await client.callTool({ name: "shell", arguments: {} });
  assert.equal(denied.isError, true);
  assert.match(denied.content[0].text, /Denied by policy: tool `shell`/);
  assert.equal(denied._meta["zentinelle/code"], "tool_permission.denied");
  const outside = await client.callTool({ name: "file_read", arguments: { path: "/etc/passwd" } });
  assert.equal(outside.isError, true);
  assert.deepEqual(ran.map(([name]) => name), ["search"]);
  assert.deepEqual(decisions.map(([, effect]) => effect), ["permit", "deny", "deny"]);
});
