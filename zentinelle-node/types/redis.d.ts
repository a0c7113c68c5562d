import type { AsyncLedger, Batch, Outcome, Settlement, Usage } from "./ledger.js";
import { type Instant } from "./time.js";
/**
 * Runs a Lua script in Redis. With `redis`: `(script, keys, args) => client.eval(script, { keys, arguments: args })`;
 * with `ioredis`: `(script, keys, args) => client.eval(script, keys.length, ...keys, ...args)`.
 */
export type RunScript = (script: string, keys: string[], args: string[]) => Promise<unknown>;
/** How totals are kept. */
export interface RedisLedgerOptions {
    /** Begins every key. Default: `zentinelle:`. */
    prefix?: string;
    /** How long a reservation stays open for settlement. Unit: seconds. Default: 3,600. */
    reservationSeconds?: number;
}
/**
 * Running totals in Redis: one script, one round trip a decision, all or none; and reservations, which are settled from
 * any process. The prefix is the hash tag of every key, so a cluster works too: one ledger lives in one slot of it.
 * Amounts are exact up to 2^53.
 */
export declare class RedisLedger implements AsyncLedger {
    #private;
    constructor(run: RunScript, { prefix, reservationSeconds }?: RedisLedgerOptions);
    /** Adds every amount of the batch, or none; or only looks. Refuses the id of a reservation that is still open. */
    apply(batch: Batch): Promise<Outcome>;
    /** Replaces reserved amounts by the true ones, in the windows they were charged to. */
    settle(reservation: string, usage: Usage, now?: Instant): Promise<Settlement>;
    /** Gives every reserved amount back: the request was not made after all. */
    release(reservation: string, now?: Instant): Promise<Settlement>;
}
