import type { AsyncLedger, Batch, Outcome } from "./ledger.js";
/**
 * Runs a Lua script in Redis. With `redis`: `(script, keys, args) => client.eval(script, { keys, arguments: args })`;
 * with `ioredis`: `(script, keys, args) => client.eval(script, keys.length, ...keys, ...args)`.
 */
export type RunScript = (script: string, keys: string[], args: string[]) => Promise<unknown>;
/** How totals are kept. */
export interface RedisLedgerOptions {
    /** Begins every key. Default: `zentinelle:`. */
    prefix?: string;
}
/**
 * Running totals in Redis: one script, one round trip a decision, all or none. All totals of a tenant share a hash
 * tag, so a cluster works too. Amounts are exact up to 2^53.
 *
 * Keeps no reservations: a request with a `reservation` is denied. Settle those through a Zentinelle server, or a
 * `MemoryLedger`.
 */
export declare class RedisLedger implements AsyncLedger {
    #private;
    constructor(run: RunScript, { prefix }?: RedisLedgerOptions);
    /** Adds every amount of the batch, or none; or only looks. */
    apply(batch: Batch): Promise<Outcome>;
}
