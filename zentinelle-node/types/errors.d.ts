/** A problem of a policy document, with its place in the text. */
export interface Problem {
    severity: "error" | "warning";
    /** The stable code. */
    code: string;
    /** What is wrong, for people. */
    message: string;
    /** Where in the value, as a JSON Pointer. */
    pointer: string;
    /** First line, from one. */
    line?: number;
    /** First column, from one, in characters. */
    column?: number;
    end_line?: number;
    end_column?: number;
    /** Where the problem starts in the text, as JavaScript indexes it. */
    start?: number;
    /** Where it ends. */
    end?: number;
    /** What to do about it. */
    help?: string;
}
/** Details of an error. */
export interface ErrorDetails {
    /** The stable, machine-readable code. */
    code: string;
    /** Where, as a JSON Pointer into what was given. Empty for the whole. */
    pointer?: string | undefined;
    /** What to do about it. */
    help?: string | undefined;
    cause?: unknown;
}
/** Whatever goes wrong in this package. A denial is a decision and never one of these. */
export declare class ZentinelleError extends Error {
    /** The stable, machine-readable code. */
    readonly code: string;
    /** Where, as a JSON Pointer into what was given. Empty for the whole. */
    readonly pointer: string;
    /** What to do about it, where there is something to say. */
    readonly help: string | undefined;
    constructor(message: string, details: ErrorDetails);
}
/** A policy document, or a stored policy, that cannot be used. */
export declare class PolicyError extends ZentinelleError {
    /** Every problem of the document, warnings included. */
    readonly problems: readonly Problem[];
    constructor(message: string, details: ErrorDetails & {
        problems?: readonly Problem[] | undefined;
    });
}
/** A request that cannot be read. Nothing was decided and nothing was spent. */
export declare class RequestError extends ZentinelleError {
}
/** A ledger that cannot count, or that was given something it cannot keep. */
export declare class LedgerError extends ZentinelleError {
}
/** An approval that is not accepted, or a key that cannot be used. */
export declare class ApprovalError extends ZentinelleError {
}
/** An option of a call that makes no sense, or something used after it was disposed of. */
export declare class ArgumentError extends ZentinelleError {
}
/** A mistake of this package. */
export declare class InternalError extends ZentinelleError {
}
