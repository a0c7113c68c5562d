import assert from "node:assert/strict";
import { test } from "node:test";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { createAgent, createMiddleware } from "langchain";
import { toolMiddleware, zentinelleCallbacks } from "../dist/esm/integrations/langchain.js";
import { ATTACK, guard } from "./support.mjs";

const schema = { type: "object", properties: {}, additionalProperties: true };
const make = (name, ran) => tool(async (input) => (ran.push([name, input]), "ran"), { name, description: name, schema });
const denied = (code) => (error) => error.code === code && error.name === "PolicyDeniedError";

test("callbacks veto tools before they run", async () => {
  const { options, decisions } = guard();
  const ran = [];
  const callbacks = [zentinelleCallbacks(options)];
  assert.equal(await make("search", ran).invoke({ q: 1 }, { callbacks }), "ran");
  await assert.rejects(make("shell", ran).invoke({}, { callbacks }), denied("tool_permission.denied"));
  assert.deepEqual(ran.map(([name]) => name), ["search"]);
  assert.deepEqual(decisions.map(([action, effect]) => [action, effect]), [["tool_call", "permit"], ["tool_call", "deny"]]);
});

test("callbacks veto model calls and answers", async () => {
  const { options } = guard();
  const callbacks = [zentinelleCallbacks(options)];
  const ask = (answer, prompt) => new FakeListChatModel({ responses: [answer] }).invoke(prompt, { callbacks });
  assert.equal((await ask("fine", "hi")).content, "fine");
  await assert.rejects(ask("fine", ATTACK), denied("prompt_injection.detected"));
  await assert.rejects(ask("project nightfall", "hi"), denied("output_filter.blocked_pattern"));
});

/** A model that wants one tool and then says so. */
class Wants extends BaseChatModel {
  constructor(name) {
    super({});
    this.wanted = name;
  }
  _llmType() {
    return "wants";
  }
  bindTools() {
    return this;
  }
  async _generate(messages) {
    const asked = messages.some((message) => message.getType() === "tool");
    const tool_calls = asked ? [] : [{ name: this.wanted, args: { q: 1 }, id: "1", type: "tool_call" }];
    return { generations: [{ text: "", message: new AIMessage({ content: asked ? "done" : "", tool_calls }) }] };
  }
}

test("an agent's denied tool is not run, and the model hears why", async () => {
  const { options } = guard();
  const ran = [];
  const middleware = [createMiddleware(toolMiddleware({ ...options, ToolMessage }))];
  for (const name of ["search", "shell"]) {
    const agent = createAgent({ model: new Wants(name), tools: [make("search", ran), make("shell", ran)], middleware });
    const { messages } = await agent.invoke({ messages: [{ role: "user", content: "hi" }] });
    const said = messages.find((message) => message.getType() === "tool");
    assert.match(said.content, name === "shell" ? /Denied by policy: tool `shell`/ : /ran/);
    assert.equal(messages.at(-1).content, "done");
  }
  assert.deepEqual(ran.map(([name]) => name), ["search"]);
});
