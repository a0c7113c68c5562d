/**
 * OpenAI Agents JS: `new Agent({ tools: guardTools(tools, { engine }), inputGuardrails: [inputGuardrail({ engine })] })`.
 *
 * A denied tool is not run; the model is told why, and can go on without. A denied input stops the run.
 */
import { type GuardOptions } from "./guard.js";
interface FunctionTool {
    type: string;
    name: string;
    invoke?: (context: any, input: string, details?: any) => Promise<any>;
}
/** The same tool, which asks before it runs. Tools that the provider runs itself cannot be guarded here. */
export declare function guardTool<T extends FunctionTool>(tool: T, options: GuardOptions): T;
/** The same tools, each of which asks before it runs. */
export declare function guardTools<T extends FunctionTool>(tools: readonly T[], options: GuardOptions): T[];
interface GuardrailResult {
    tripwireTriggered: boolean;
    outputInfo: unknown;
}
/** Decides what is put to an agent before a model sees it. */
export declare function inputGuardrail(options: GuardOptions): {
    name: string;
    runInParallel: false;
    execute: (about: {
        input: unknown;
        agent: {
            model?: unknown;
        };
    }) => Promise<GuardrailResult>;
};
/** Decides what an agent answered before anybody reads it. */
export declare function outputGuardrail(options: GuardOptions): {
    name: string;
    execute: (about: {
        agentOutput: unknown;
    }) => Promise<GuardrailResult>;
};
export {};
