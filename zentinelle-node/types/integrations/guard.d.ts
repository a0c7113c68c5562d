import type { Engine, Request } from "../engine.js";
import { ZentinelleError } from "../errors.js";
import type { AsyncLedger } from "../ledger.js";
import type { DecisionDocument } from "../wire.js";
/** Who acts. From your authentication, never from the model. */
export interface Identity {
    tenant_id?: string;
    agent_id?: string;
    user_id?: string;
}
/** How an integration decides. */
export interface GuardOptions {
    /** The policies. */
    engine: Engine;
    /** Totals that are kept elsewhere, such as a `RedisLedger`. Default: the engine's own. */
    ledger?: AsyncLedger;
    /** Who acts. A function is asked for every call. */
    identity?: Identity | (() => Identity);
    /** Facts added to the context of every request, such as a session id. A function is asked for every call. */
    context?: Record<string, unknown> | (() => Record<string, unknown>);
    /** Told of every decision, for your log. */
    onDecision?: (decision: DecisionDocument, request: Request) => void;
}
/** A policy denied a call, and the framework has no other way to hear of it. */
export declare class PolicyDeniedError extends ZentinelleError {
    /** The decision. */
    readonly decision: DecisionDocument;
    constructor(decision: DecisionDocument);
}
