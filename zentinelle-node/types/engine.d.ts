import { Decision } from "./decision.js";
import type { KeyRing } from "./approvals.js";
import { type AsyncLedger, type Batch, MemoryLedger, type Outcome } from "./ledger.js";
import { type Instant } from "./time.js";
import type { Agent, Policy, RequestDocument } from "./wire.js";
/** What an agent wants to do. Agent and user come from authentication, never from the context. */
export interface Request extends Omit<RequestDocument, "action" | "agent" | "agent_id" | "now"> {
    /** What is attempted, such as `tool_call` or `llm:invoke`. */
    action: string;
    /** The agent's id, where it is not the engine's own. */
    agent_id?: string;
    /** The agent in full, where its status, team, deployment or group matter. */
    agent?: string | (Partial<Omit<Agent, "agent_id">> & {
        agent_id?: string;
    });
    /** The instant at which the request is judged. Default: the engine's clock. */
    now?: Instant;
}
/** What a host says about all its requests. */
export interface EngineOptions {
    /** The tenant of requests that name none, and the owner of the policies. Default: `local`. */
    tenantId?: string;
    /** The agent of requests that name none. Default: `local`. */
    agentId?: string;
    /** Names this set of policies in decisions. Default: `local`. */
    version?: string;
    /** The answer where no policy applies at all. Default: `deny`. */
    noPolicy?: "deny" | "permit";
    /** The keys whose approvals are believed. Taken as they are now. Default: none. */
    approvals?: KeyRing;
    /** Where running totals are kept. Default: a memory ledger of the engine's own. */
    ledger?: MemoryLedger;
    /** Tells the time, in milliseconds since 1970. Default: `Date.now`. */
    clock?: () => number;
}
/** What is wrong with a stored policy. */
export interface Finding {
    /** Where the policy stands in the list. */
    position: number;
    code: string;
    message: string;
    /** Where in the policy, as a JSON Pointer. */
    pointer: string;
    help?: string;
    /** Whether the policy is unusable for it and denies whatever it applies to. */
    fatal: boolean;
}
/** A stored policy. What is left out takes its default; `tenant_id` is the engine's. */
export type StoredPolicy = Partial<Omit<Policy, "id" | "type" | "config">> & {
    id: string;
    type: string;
    config?: unknown;
};
/**
 * Policies, compiled once, and the three steps of deciding.
 *
 * An engine never changes: to change policies, make a new one and use it from then on.
 */
export declare class Engine {
    #private;
    /** Where running totals are kept. */
    readonly ledger: MemoryLedger;
    private constructor();
    /**
     * An engine of a policy document, YAML or JSON. Throws a `PolicyError` with every problem of the document
     * if any of it cannot be used.
     */
    static fromYaml(document: string, options?: EngineOptions): Engine;
    /**
     * An engine of stored policies, oldest first. A policy that cannot be compiled does not keep the others from
     * working: it denies whatever it applies to, and `findings` says what is wrong with it.
     */
    static fromPolicies(policies: readonly StoredPolicy[], options?: EngineOptions): Engine;
    /** What is wrong with the policies this engine was made of. Empty for a policy document. */
    get findings(): readonly Finding[];
    /** Decides one request, and spends what it costs when it is permitted. */
    decide(request: Request): Decision;
    /** As `decide`, on another thread where there is one (the Node addon). For requests with long texts. */
    decideAsync(request: Request): Promise<Decision>;
    /** Decides one request with totals that are kept elsewhere. If they cannot be asked, it is denied. */
    decideWith(ledger: AsyncLedger, request: Request): Promise<Decision>;
    /** The first of the three steps: what the policies say, and what the request would spend. */
    assess(request: Request): Assessment;
    /** How many decisions the engine keeps, because nobody disposed of them and nothing collected them yet. */
    get kept(): number;
}
/** What the policies say of one request, while you commit what it would spend. */
export declare class Assessment {
    #private;
    /** What the request would spend; undefined if nothing. Apply it in one atomic step, all or none. */
    get batch(): Batch | undefined;
    /** The last step: the decision, from what the ledger answered, if there was something to ask. */
    conclude(outcome?: Outcome): Decision;
    /** The last step when the ledger could not be asked: a denial, if the request spends anything. */
    fail(why: string): Decision;
}
