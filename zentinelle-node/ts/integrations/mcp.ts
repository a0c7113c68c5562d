/**
 * MCP TypeScript SDK: `guardServer(new McpServer(…), { engine })`, before tools are registered.
 *
 * Every call of a tool is decided before the tool runs; a denial is answered as a tool error with its reason, as the
 * protocol wants it. With `redact`, secrets and personal data in the texts a tool returns are masked.
 */

import { Scanner, type ScannerOptions } from "../scanner.js";
import { decide, type GuardOptions, refusal, toolFacts } from "./guard.js";

/** What to do besides deciding. */
export interface McpOptions extends GuardOptions {
  /** Mask secrets and personal data in what tools return. Default: false. */
  redact?: boolean | ScannerOptions;
}

interface Server {
  registerTool: (name: string, config: any, callback: any) => any;
  tool?: (name: string, ...rest: any[]) => any;
}

interface Content {
  type: string;
  text?: string;
}

/** Guards every tool that is registered from now on; gives the same server back. */
export function guardServer<S extends Server>(server: S, options: McpOptions): S {
  const scanner = options.redact ? new Scanner(options.redact === true ? {} : options.redact) : undefined;
  const guarded = (name: string, config: { inputSchema?: unknown }, callback: (...call: any[]) => any) => {
    return async (...call: any[]) => {
      // A tool without a schema is called without arguments.
      const input: unknown = config.inputSchema === undefined ? {} : call[0];
      const decision = await decide(options, "tool_call", toolFacts(name, input));
      if (!decision.allowed) {
        return { isError: true, content: [{ type: "text", text: refusal(decision) }], _meta: { "zentinelle/code": decision.code } };
      }
      const result = await callback(...call);
      if (scanner === undefined || !Array.isArray(result?.content)) return result;
      const mask = (part: Content): Content =>
        part.type === "text" && part.text !== undefined ? { ...part, text: scanner.redact(part.text).text } : part;
      return { ...result, content: (result.content as Content[]).map(mask) };
    };
  };
  const register = server.registerTool.bind(server);
  server.registerTool = (name, config, callback) => register(name, config, guarded(name, config, callback));
  // The older way to say the same. Left as it is, it would be a way round.
  server.tool = () => {
    throw new TypeError("a guarded server registers tools with `registerTool` only");
  };
  return server;
}
