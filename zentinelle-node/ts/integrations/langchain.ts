/**
 * LangChain.js: `model.invoke(input, { callbacks: [zentinelleCallbacks({ engine })] })`, or on any agent, chain or tool.
 *
 * Every model call and every tool call below is decided before it is made; a denial is thrown as a
 * `PolicyDeniedError` and stops it. For agents made with `createAgent`, `toolMiddleware` tells the model instead.
 */

import { decide, enforce, type GuardOptions, refusal, toolFacts } from "./guard.js";

/** Callbacks that veto. */
export interface ZentinelleCallbacks {
  name: string;
  raiseError: true;
  awaitHandlers: true;
  handleToolStart: (tool: unknown, input: string, runId: string, parent?: string, tags?: string[], metadata?: object, name?: string) => Promise<void>;
  handleChatModelStart: (model: unknown, messages: any[][], runId: string, parent?: string, extra?: any) => Promise<void>;
  handleLLMStart: (model: unknown, prompts: string[], runId: string, parent?: string, extra?: any) => Promise<void>;
  handleLLMEnd: (output: any) => Promise<void>;
}

function modelName(extra: any): Record<string, unknown> {
  const found: unknown = extra?.invocation_params?.model ?? extra?.invocation_params?.model_name;
  return typeof found === "string" ? { model: found } : {};
}

/** Decides model calls, tool calls and answers. Hand it over as it is: LangChain must wait for it. */
export function zentinelleCallbacks(options: GuardOptions): ZentinelleCallbacks {
  return {
    name: "zentinelle",
    // Without these, LangChain would log a denial and go on.
    raiseError: true,
    awaitHandlers: true,
    async handleToolStart(_tool, input, _runId, _parent, _tags, _metadata, name) {
      await enforce(options, "tool_call", toolFacts(name ?? "", input));
    },
    async handleChatModelStart(_model, conversations, _runId, _parent, extra) {
      const messages = conversations.flat().map((message) => ({
        role: String(message.getType?.() ?? message.type ?? "user"),
        content: typeof message.content === "string" ? message.content : JSON.stringify(message.content),
      }));
      await enforce(options, "llm:invoke", { ...modelName(extra), messages });
    },
    async handleLLMStart(_model, prompts, _runId, _parent, extra) {
      await enforce(options, "llm:invoke", { ...modelName(extra), input_text: prompts.join("\n") });
    },
    async handleLLMEnd(output) {
      const output_text = (output.generations as { text: string }[][]).flat().map(({ text }) => text).join("\n");
      if (output_text !== "") await enforce(options, "llm:response", { output_text });
    },
  };
}

/**
 * For `createAgent({ middleware: [createMiddleware(toolMiddleware({ engine, ToolMessage }))] })`: a denied tool is not run,
 * and the model is told why. `ToolMessage` is LangChain's own class, so that there is only one of it.
 */
export function toolMiddleware<M>(
  options: GuardOptions & { ToolMessage: new (fields: { content: string; tool_call_id: string; name: string; status: "error" }) => M },
): {
  name: string;
  wrapToolCall: (request: any, handler: (request: any) => any) => Promise<any>;
} {
  const { ToolMessage, ...guard } = options;
  return {
    name: "zentinelle",
    async wrapToolCall(request, handler) {
      const { name, args, id } = request.toolCall as { name: string; args: unknown; id?: string };
      const decision = await decide(guard, "tool_call", toolFacts(name, args));
      if (decision.allowed) return handler(request);
      return new ToolMessage({ content: refusal(decision), tool_call_id: id ?? "", name, status: "error" });
    },
  };
}
