import type { DecisionDocument, Effect, Obligation } from "./wire.js";
/**
 * The answer to one request, with its reasons.
 *
 * Whether to go on is known at once; everything else is written out when it is first asked for. A decision that
 * is no longer used is freed by the collector; in a tight loop, free it at once with `using` or `dispose()`.
 */
export declare class Decision {
    #private;
    /** Whether to go on. Always true in a dry run, which only asks; see `effect`. */
    readonly allowed: boolean;
    /** Permit, deny, or no policy at all. In a dry run: what it would have been. */
    readonly effect: Effect;
    /** The decision as JSON text, exactly as every other Zentinelle writes it. */
    get json(): string;
    /** The decision as a value. Numbers beyond 2^53 lose digits here; `json` has them all. */
    get document(): DecisionDocument;
    /** Why not, in words; undefined when allowed. */
    get reason(): string | undefined;
    /** The stable code of the reason. */
    get code(): string | undefined;
    /** Warnings in words. */
    get warnings(): readonly string[];
    /** What you must do when you go on: mask, cap rows, ask a human. */
    get obligations(): readonly Obligation[];
    /** When a limit that refused opens again. */
    get retryAt(): Date | undefined;
    /** The decision in words, over several lines. */
    explain(): string;
    /** What would flip a denial: a sentence for every reason. Empty when allowed. */
    smallestChange(): readonly string[];
    /** Frees what the engine keeps of this decision. What was read before stays readable. */
    dispose(): void;
    /** See `dispose`. */
    [Symbol.dispose](): void;
    /** The decision as a value, for `JSON.stringify`. */
    toJSON(): DecisionDocument;
}
