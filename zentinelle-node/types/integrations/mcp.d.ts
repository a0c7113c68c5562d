/**
 * MCP TypeScript SDK: `guardServer(new McpServer(…), { engine })`, before tools are registered.
 *
 * Every call of a tool is decided before the tool runs; a denial is answered as a tool error with its reason, as the
 * protocol wants it. With `redact`, secrets and personal data in the texts a tool returns are masked.
 */
import { type ScannerOptions } from "../scanner.js";
import { type GuardOptions } from "./guard.js";
/** What to do besides deciding. */
export interface McpOptions extends GuardOptions {
    /** Mask secrets and personal data in what tools return. Default: false. */
    redact?: boolean | ScannerOptions;
}
interface Server {
    registerTool: (name: string, config: any, callback: any) => any;
    tool?: (name: string, ...rest: any[]) => any;
}
/** Guards every tool that is registered from now on; gives the same server back. */
export declare function guardServer<S extends Server>(server: S, options: McpOptions): S;
export {};
