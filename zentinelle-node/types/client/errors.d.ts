import { ZentinelleError } from "../errors.js";
import type { EvaluateResult } from "./types.js";
/** The server could not be reached, or did not answer as it should, after every retry. */
export declare class ZentinelleConnectionError extends ZentinelleError {
    /** The last HTTP status, if there was an answer at all. */
    readonly status: number | undefined;
    constructor(message: string, details?: {
        status?: number | undefined;
        code?: string | undefined;
        cause?: unknown;
    });
}
/** The key is not accepted (401), or may not do this (403). Never retried. */
export declare class ZentinelleAuthError extends ZentinelleError {
    readonly status: number;
    constructor(message: string, status: number, code?: string);
}
/** Too many requests (429). Never retried by itself. */
export declare class ZentinelleRateLimitError extends ZentinelleError {
    /** When to try again. Unit: seconds. */
    readonly retryAfter: number;
    constructor(retryAfter: number);
}
/** Thrown by `enforce` for a denial. `evaluate` gives a denial as a result. */
export declare class PolicyViolationError extends ZentinelleError {
    readonly result: EvaluateResult;
    constructor(result: EvaluateResult);
}
