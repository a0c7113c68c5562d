import assert from "node:assert/strict";
import { test } from "node:test";
import { generateText, jsonSchema, simulateReadableStream, streamText, tool, wrapLanguageModel } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { zentinelleMiddleware } from "../dist/esm/integrations/ai-sdk.js";
import { ATTACK, guard } from "./support.mjs";

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const finish = { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage };

function model(content, modelId = "mock") {
  const answers = [content, [{ type: "text", text: "done" }]];
  let call = 0;
  return new MockLanguageModelV3({
    modelId,
    doGenerate: async () => {
      const found = answers[Math.min(call++, 1)];
      const wantsTools = found.some((part) => part.type === "tool-call");
      return { content: found, finishReason: { unified: wantsTools ? "tool-calls" : "stop", raw: "x" }, usage, warnings: [] };
    },
    doStream: async () => ({
      stream: simulateReadableStream({
        chunks: [
          { type: "stream-start", warnings: [] },
          { type: "text-start", id: "1" },
          ...content.map((delta) => ({ type: "text-delta", id: "1", delta })),
          { type: "text-end", id: "1" },
          finish,
        ],
      }),
    }),
  });
}

const wrapped = (inner, options) => wrapLanguageModel({ model: inner, middleware: zentinelleMiddleware(options) });
const denied = (code) => (error) => error.code === code && error.name === "PolicyDeniedError";

test("a model call, a tool call and an answer are decided, in this order", async () => {
  const { options, decisions } = guard();
  const ran = [];
  const tools = {
    search: tool({ inputSchema: jsonSchema({ type: "object" }), execute: async (input) => ran.push(input) }),
  };
  const content = [{ type: "tool-call", toolCallId: "1", toolName: "search", input: '{"q":1}' }];
  const { steps } = await generateText({ model: wrapped(model(content), options), tools, prompt: "hi", stopWhen: () => false });
  assert.ok(steps.length >= 1);
  assert.equal(ran.length, 1);
  assert.deepEqual(decisions.slice(0, 2).map(([action, effect, , agent]) => [action, effect, agent]), [
    ["llm:invoke", "permit", "support"],
    ["tool_call", "permit", "support"],
  ]);
  assert.equal(decisions.at(-1)[0], "llm:response");
});

test("a denied model, prompt, tool or answer stops the call", async () => {
  const { options } = guard();
  const ask = (content, prompt = "hi", id) => generateText({ model: wrapped(model(content, id), options), prompt, maxRetries: 0 });
  await assert.rejects(ask([{ type: "text", text: "x" }], "hi", "forbidden-model"), denied("model_restriction.model_blocked"));
  await assert.rejects(ask([{ type: "text", text: "x" }], ATTACK), denied("prompt_injection.detected"));
  const shell = { type: "tool-call", toolCallId: "1", toolName: "shell", input: "{}" };
  await assert.rejects(ask([shell]), denied("tool_permission.denied"));
  const outside = { type: "tool-call", toolCallId: "1", toolName: "file_read", input: '{"path":"/etc/passwd"}' };
  await assert.rejects(ask([outside]), (error) => error.name === "PolicyDeniedError");
  await assert.rejects(ask([{ type: "text", text: "project nightfall" }]), denied("output_filter.blocked_pattern"));
});

test("what a model says is masked, whole and streamed", async () => {
  const { options } = guard({ redact: true });
  const { text } = await generateText({ model: wrapped(model([{ type: "text", text: "to jo.doe@corp.test" }]), options), prompt: "hi" });
  assert.equal(text, "to [REDACTED:email]");
  const stream = streamText({ model: wrapped(model(["to jo.do", "e@corp", ".test", " now"]), options), prompt: "hi" });
  let streamed = "";
  for await (const piece of stream.textStream) streamed += piece;
  assert.equal(streamed, "to [REDACTED:email] now");
});

test("a stream whose answer is denied ends in an error", async () => {
  const { options } = guard();
  const errors = [];
  const stream = streamText({ model: wrapped(model(["project night", "fall"]), options), prompt: "hi", onError: ({ error }) => errors.push(error) });
  await stream.consumeStream();
  assert.ok(errors.some(denied("output_filter.blocked_pattern")), String(errors));
});
