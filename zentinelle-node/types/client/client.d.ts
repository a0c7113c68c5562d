import type { AgentConfig, ClientOptions, EvaluateResult, EventCategory, HeartbeatResult, ModelUsage, PolicyConfig, RegisterResult } from "./types.js";
/**
 * An agent's line to a Zentinelle server: decisions, configuration, secrets, events, heartbeats.
 *
 * Needs nothing but `fetch`: works in Node, Deno, Bun, browsers, workers and at the edge. To decide without a
 * server, use `Engine`.
 */
export declare class ZentinelleClient {
    #private;
    constructor(options: ClientOptions);
    /** The agent's id: as given, or as the server gave it. */
    get agentId(): string | undefined;
    /** Whether the server is asked at all at present. */
    get circuitState(): "closed" | "open" | "half-open";
    /** Tells the server of this agent, and starts to send events and heartbeats. */
    register(about?: {
        capabilities?: string[];
        metadata?: Record<string, unknown>;
        name?: string;
    }): Promise<RegisterResult>;
    /** The agent's configuration and policies. Believed for five minutes. */
    getConfig({ forceRefresh }?: {
        forceRefresh?: boolean | undefined;
    }): Promise<AgentConfig>;
    /** The agent's policies, all or those of some types. */
    getPolicies(types?: readonly string[]): Promise<PolicyConfig[]>;
    /** The secrets the agent may use. Kept for a minute. */
    getSecrets(): Promise<Record<string, string>>;
    /** One secret, or what to use without it. */
    getSecret(key: string, fallback?: string): Promise<string | undefined>;
    /**
     * Asks whether the agent may do a thing. A denial is a result. A server that cannot be reached is an error,
     * unless `failOpen` was chosen; a refused key always is.
     */
    evaluate(action: string, { userId, context }?: {
        userId?: string | undefined;
        context?: Record<string, unknown>;
    }): Promise<EvaluateResult>;
    /** As `evaluate`, but a denial is thrown as a `PolicyViolationError`. */
    enforce(action: string, about?: {
        userId?: string | undefined;
        context?: Record<string, unknown>;
    }): Promise<EvaluateResult>;
    /** Whether the agent may use a model. */
    canUseModel(model: string, provider?: string): Promise<EvaluateResult>;
    /** Whether the agent may call a tool. */
    canCallTool(tool: string, userId?: string): Promise<EvaluateResult>;
    /** Puts an event on its way to the server. Never waits and never throws. */
    emit(type: string, payload?: Record<string, unknown>, { category, userId }?: {
        category?: EventCategory;
        userId?: string | undefined;
    }): void;
    /** Reports a tool call. */
    emitToolCall(tool: string, about?: {
        inputs?: unknown;
        outputs?: unknown;
        durationMs?: number;
        userId?: string;
    }): void;
    /** Reports a model call. */
    emitModelRequest(usage: ModelUsage & {
        durationMs?: number;
        userId?: string;
    }): void;
    /** Reports what a model call used and cost. */
    trackUsage({ provider, model, inputTokens, outputTokens, estimatedCost }: ModelUsage): void;
    /** Sends what was emitted. What cannot be sent is kept for the next time; told by `onWarning`. */
    flushEvents(): Promise<void>;
    /** Tells the server that the agent is alive, and learns whether its configuration changed. */
    heartbeat(status?: string, metrics?: Record<string, unknown>): Promise<HeartbeatResult>;
    /** Sends what is left and stops. */
    shutdown(): Promise<void>;
    /** See `shutdown`. */
    [Symbol.asyncDispose](): Promise<void>;
}
