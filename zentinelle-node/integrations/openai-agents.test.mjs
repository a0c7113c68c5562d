import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, InputGuardrailTripwireTriggered, OutputGuardrailTripwireTriggered, Runner, setTracingDisabled, tool, Usage } from "@openai/agents";
import { guardTools, inputGuardrail, outputGuardrail } from "../dist/esm/integrations/openai-agents.js";
import { ATTACK, guard } from "./support.mjs";

setTracingDisabled(true);

const message = (text) => ({ type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text }] });

/** A model that wants a tool and then says something. */
function scripted(call, text = "done") {
  const seen = [];
  const answers = call ? [[{ type: "function_call", callId: "1", status: "completed", ...call }], [message(text)]] : [[message(text)]];
  const model = {
    getResponse: async ({ input }) => {
      seen.push(input);
      return { usage: new Usage(), output: answers[Math.min(seen.length, answers.length) - 1] };
    },
    getStreamedResponse: async function* () {},
  };
  return { model, seen };
}

function tools(ran, options) {
  const make = (name) =>
    tool({
      name,
      description: name,
      strict: false,
      parameters: { type: "object", properties: {}, required: [], additionalProperties: true },
      execute: async (input) => (ran.push([name, input]), "ran"),
    });
  return guardTools([make("search"), make("shell")], options);
}

const start = (agent, input = "hi") => new Runner().run(agent, input);

test("a permitted tool runs, a denied one does not and the model hears why", async () => {
  const { options, decisions } = guard();
  const ran = [];
  for (const name of ["search", "shell"]) {
    const { model, seen } = scripted({ name, arguments: '{"q":1}' });
    const result = await start(new Agent({ name: "a", model, tools: tools(ran, options) }));
    assert.equal(result.finalOutput, "done");
    const heard = JSON.stringify(seen[1]);
    assert.match(heard, name === "shell" ? /Denied by policy: tool `shell`/ : /ran/);
  }
  assert.deepEqual(ran, [["search", { q: 1 }]]);
  assert.deepEqual(decisions.map(([action, effect]) => [action, effect]), [["tool_call", "permit"], ["tool_call", "deny"]]);
});

test("a denied input or answer trips the wire", async () => {
  const { options } = guard();
  const agent = (text) =>
    new Agent({ name: "a", model: scripted(undefined, text).model, inputGuardrails: [inputGuardrail(options)], outputGuardrails: [outputGuardrail(options)] });
  assert.equal((await start(agent("fine"))).finalOutput, "fine");
  await assert.rejects(start(agent("fine"), ATTACK), InputGuardrailTripwireTriggered);
  await assert.rejects(start(agent("project nightfall")), OutputGuardrailTripwireTriggered);
});
