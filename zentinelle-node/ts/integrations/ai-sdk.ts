/**
 * Vercel AI SDK: `wrapLanguageModel({ model, middleware: zentinelleMiddleware({ engine }) })`.
 *
 * A model call is decided before it is made (`llm:invoke`), the tool calls a model wants before anybody runs them
 * (`tool_call`), and the text it answered (`llm:response`) after. With `redact`, what a scanner finds in the answer is
 * masked, in a stream as well; a stream that is not masked is let through as it comes, and its text decided at its end.
 */

import { Scanner, type ScannerOptions, StreamScanner } from "../scanner.js";
import { enforce, type GuardOptions, toolFacts } from "./guard.js";

/** What to do besides deciding. */
export interface AiSdkOptions extends GuardOptions {
  /** Mask secrets and personal data in what the model says. Default: false. */
  redact?: boolean | ScannerOptions;
}

// The parts of the SDK's types that matter here. A part of an answer may be of any kind; those not named pass through.
interface Part {
  type: string;
  [key: string]: any;
}
interface Call {
  params: { prompt: unknown };
  model: { modelId: string; provider: string };
}

/** The middleware, as the SDK types it (specification `v3`). */
export interface ZentinelleMiddleware {
  readonly specificationVersion: "v3";
  wrapGenerate: (call: Call & { doGenerate: () => PromiseLike<any> }) => Promise<any>;
  wrapStream: (call: Call & { doStream: () => PromiseLike<any> }) => Promise<any>;
}

/** Every text of a prompt, by who said it. */
function texts(prompt: unknown): { messages: { role: string; content: string }[] } {
  const messages = Array.isArray(prompt) ? (prompt as { role: string; content: unknown }[]) : [];
  const text = (content: unknown): string =>
    typeof content === "string"
      ? content
      : (Array.isArray(content) ? (content as Part[]) : [])
          .map((part) => (typeof part["text"] === "string" ? part["text"] : part.type === "tool-result" ? JSON.stringify(part["output"]) : ""))
          .filter((found) => found !== "")
          .join("\n");
  return { messages: messages.map(({ role, content }) => ({ role, content: text(content) })) };
}

/** Decides model calls, tool calls and answers of a model. */
export function zentinelleMiddleware(options: AiSdkOptions): ZentinelleMiddleware {
  const detectors = options.redact === true ? {} : options.redact || undefined;
  const model = ({ model: { modelId, provider } }: Call): Record<string, unknown> => ({ model: modelId, provider });
  const invoke = (call: Call) => enforce(options, "llm:invoke", { ...model(call), ...texts(call.params.prompt) });
  const wants = (part: Part) => enforce(options, "tool_call", toolFacts(part["toolName"], part["input"]));
  const said = (call: Call, output_text: string) => enforce(options, "llm:response", { ...model(call), output_text });

  return {
    specificationVersion: "v3",

    async wrapGenerate(call) {
      await invoke(call);
      const result = await call.doGenerate();
      const scanner = detectors && new Scanner(detectors);
      const content: Part[] = [];
      for (const part of result.content as Part[]) {
        if (part.type === "tool-call") await wants(part);
        const masked = part.type === "text" && scanner !== undefined;
        content.push(masked ? { ...part, text: scanner.redact(part["text"]).text } : part);
      }
      const output = content.filter((part) => part.type === "text").map((part) => part["text"] as string);
      if (output.length > 0) await said(call, output.join("\n"));
      return { ...result, content };
    },

    async wrapStream(call) {
      await invoke(call);
      const result = await call.doStream();
      const scanners = new Map<string, StreamScanner>();
      let output = "";
      const deltas = (part: Part, text: string): Part[] => {
        output += text;
        return text === "" ? [] : [{ ...part, type: "text-delta", delta: text }];
      };
      const judged = async (part: Part): Promise<Part[]> => {
        if (part.type === "tool-call") {
          await wants(part);
        } else if (part.type === "text-delta") {
          const id = part["id"] as string;
          if (detectors !== undefined && !scanners.has(id)) scanners.set(id, new StreamScanner(detectors));
          return deltas(part, scanners.get(id)?.push(part["delta"]).text ?? part["delta"]);
        } else if (part.type === "text-end") {
          const rest = scanners.get(part["id"])?.finish().text ?? "";
          scanners.delete(part["id"]);
          return [...deltas({ type: "text-delta", id: part["id"] }, rest), part];
        } else if (part.type === "finish" && output !== "") {
          await said(call, output);
        }
        return [part];
      };
      const guarded = new TransformStream<Part, Part>({
        async transform(part, controller) {
          try {
            (await judged(part)).forEach((each) => controller.enqueue(each));
          } catch (error) {
            // As the SDK tells errors within a stream; nothing of what was denied goes out.
            controller.enqueue({ type: "error", error });
            controller.terminate();
          }
        },
      });
      return { ...result, stream: (result.stream as ReadableStream<Part>).pipeThrough(guarded) };
    },
  };
}
