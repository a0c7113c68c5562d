/** When a breaker opens and closes. */
export interface BreakerOptions {
    /** Failures in a row that open it. Default: 5. */
    failures?: number;
    /** How long it stays open. Unit: milliseconds. Default: 30,000. */
    recoveryMs?: number;
    /** Successes that close it again. Default: 3. */
    successes?: number;
    /** Tells the time, in milliseconds. Default: `Date.now`. */
    clock?: () => number;
}
/**
 * Stops asking a server that does not answer, so that its absence costs no time.
 *
 * A call counts once, however often it is retried, and a probe always counts as one or the other, so that a
 * breaker can never stay half open for ever.
 */
export declare class CircuitBreaker {
    #private;
    constructor({ failures, recoveryMs, successes, clock }?: BreakerOptions);
    /** Closed: calls go through. Open: none do. Half open: calls go through and are judged more strictly. */
    get state(): "closed" | "open" | "half-open";
    /** Makes a call, unless the breaker is open. `isFailure` says which errors speak of the server's absence. */
    run<T>(call: () => Promise<T>, isFailure?: (error: unknown) => boolean): Promise<T>;
}
