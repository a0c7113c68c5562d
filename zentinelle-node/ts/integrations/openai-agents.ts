/**
 * OpenAI Agents JS: `new Agent({ tools: guardTools(tools, { engine }), inputGuardrails: [inputGuardrail({ engine })] })`.
 *
 * A denied tool is not run; the model is told why, and can go on without. A denied input stops the run.
 */

import { decide, type GuardOptions, refusal, toolFacts } from "./guard.js";

interface FunctionTool {
  type: string;
  name: string;
  invoke?: (context: any, input: string, details?: any) => Promise<any>;
}

/** The same tool, which asks before it runs. Tools that the provider runs itself cannot be guarded here. */
export function guardTool<T extends FunctionTool>(tool: T, options: GuardOptions): T {
  const { invoke } = tool;
  if (tool.type !== "function" || invoke === undefined) return tool;
  return {
    ...tool,
    async invoke(context: unknown, input: string, details?: unknown) {
      const decision = await decide(options, "tool_call", toolFacts(tool.name, input));
      return decision.allowed ? invoke.call(tool, context, input, details) : refusal(decision);
    },
  };
}

/** The same tools, each of which asks before it runs. */
export function guardTools<T extends FunctionTool>(tools: readonly T[], options: GuardOptions): T[] {
  return tools.map((tool) => guardTool(tool, options));
}

interface GuardrailResult {
  tripwireTriggered: boolean;
  outputInfo: unknown;
}

/** Decides what is put to an agent before a model sees it. */
export function inputGuardrail(options: GuardOptions): {
  name: string;
  runInParallel: false;
  execute: (about: { input: unknown; agent: { model?: unknown } }) => Promise<GuardrailResult>;
} {
  return {
    name: "zentinelle",
    runInParallel: false,
    async execute({ input, agent: { model } }) {
      const facts = typeof input === "string" ? { input_text: input } : { messages: input };
      const named = typeof model === "string" && model !== "" ? { model } : {};
      const decision = await decide(options, "llm:invoke", { ...named, ...facts });
      return { tripwireTriggered: !decision.allowed, outputInfo: decision.document };
    },
  };
}

/** Decides what an agent answered before anybody reads it. */
export function outputGuardrail(options: GuardOptions): {
  name: string;
  execute: (about: { agentOutput: unknown }) => Promise<GuardrailResult>;
} {
  return {
    name: "zentinelle",
    async execute({ agentOutput }) {
      const output_text = typeof agentOutput === "string" ? agentOutput : JSON.stringify(agentOutput);
      const decision = await decide(options, "llm:response", { output_text });
      return { tripwireTriggered: !decision.allowed, outputInfo: decision.document };
    },
  };
}
