/**
 * Vercel AI SDK: `wrapLanguageModel({ model, middleware: zentinelleMiddleware({ engine }) })`.
 *
 * A model call is decided before it is made (`llm:invoke`), the tool calls a model wants before anybody runs them
 * (`tool_call`), and the text it answered (`llm:response`) after. With `redact`, what a scanner finds in the answer is
 * masked, in a stream as well; a stream that is not masked is let through as it comes, and its text decided at its end.
 */
import { type ScannerOptions } from "../scanner.js";
import { type GuardOptions } from "./guard.js";
/** What to do besides deciding. */
export interface AiSdkOptions extends GuardOptions {
    /** Mask secrets and personal data in what the model says. Default: false. */
    redact?: boolean | ScannerOptions;
}
interface Call {
    params: {
        prompt: unknown;
    };
    model: {
        modelId: string;
        provider: string;
    };
}
/** The middleware, as the SDK types it (specification `v3`). */
export interface ZentinelleMiddleware {
    readonly specificationVersion: "v3";
    wrapGenerate: (call: Call & {
        doGenerate: () => PromiseLike<any>;
    }) => Promise<any>;
    wrapStream: (call: Call & {
        doStream: () => PromiseLike<any>;
    }) => Promise<any>;
}
/** Decides model calls, tool calls and answers of a model. */
export declare function zentinelleMiddleware(options: AiSdkOptions): ZentinelleMiddleware;
export {};
