/**
 * LangChain.js: `model.invoke(input, { callbacks: [zentinelleCallbacks({ engine })] })`, or on any agent, chain or tool.
 *
 * Every model call and every tool call below is decided before it is made; a denial is thrown as a
 * `PolicyDeniedError` and stops it. For agents made with `createAgent`, `toolMiddleware` tells the model instead.
 */
import { type GuardOptions } from "./guard.js";
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
/** Decides model calls, tool calls and answers. Hand it over as it is: LangChain must wait for it. */
export declare function zentinelleCallbacks(options: GuardOptions): ZentinelleCallbacks;
/**
 * For `createAgent({ middleware: [createMiddleware(toolMiddleware({ engine, ToolMessage }))] })`: a denied tool is not run,
 * and the model is told why. `ToolMessage` is LangChain's own class, so that there is only one of it.
 */
export declare function toolMiddleware<M>(options: GuardOptions & {
    ToolMessage: new (fields: {
        content: string;
        tool_call_id: string;
        name: string;
        status: "error";
    }) => M;
}): {
    name: string;
    wrapToolCall: (request: any, handler: (request: any) => any) => Promise<any>;
};
