import { type Instant } from "./time.js";
import type { Posting } from "./wire.js";
/** Names one running total. */
export type Counter = Posting["counter"];
/** How long a running total runs before it starts again from zero. */
export type Window = Posting["window"];
/** Everything one decision would spend. */
export interface Batch {
    /** The lines, each counter once. */
    postings: Posting[];
    /** The instant of the request, ISO 8601. */
    now: string;
    /** Commit, or only look: for dry runs and for requests that are denied anyway. */
    mode: "commit" | "peek";
    /** Keeps the amounts open for settlement under this id. */
    reservation: string | null;
}
/** What a ledger answers. */
export interface Outcome {
    /** Whether the amounts were added. Always false when only looking. */
    committed: boolean;
    /** One reading for each posting, in the same order, as it stood before. */
    readings: {
        used: number;
        resets_at: string;
    }[];
}
/** The true usage of a request whose charges were reserved. What is left out settles at the reserved amount. */
export interface Usage {
    /** Tokens of all classes. */
    tokens?: number;
    /** Millionths of a US dollar. */
    usd_micros?: number;
    bytes?: number;
}
/** What settling did. */
export interface Settlement {
    /** Whether the reservation was still open. */
    found: boolean;
    /** Whether the true usage passed the reservation. The excess is counted all the same. */
    overran: boolean;
}
/**
 * Where totals are kept outside this process. One call is one atomic step: every posting fits
 * (`used + amount <= limit`) and all are added, or none is. A ledger that throws denies the request.
 */
export interface AsyncLedger {
    apply(batch: Batch): Promise<Outcome>;
}
/** How large a ledger may grow. */
export interface MemoryLedgerOptions {
    /** Most running totals at once. Default: 1,000,000. */
    maxCounters?: number;
    /** Most open reservations at once. Default: 100,000. */
    maxReservations?: number;
    /** How long a reservation stays open. Unit: seconds. Default: 3,600. */
    reservationSeconds?: number;
    /** Seeds the hash of counter names. Default: chosen at random. */
    hashSeed?: number;
}
/** A ledger written down. Opaque; survives `JSON.stringify`. */
export type Snapshot = Readonly<Record<string, unknown>>;
/** Running totals of this process: rate limits, quotas, budgets. */
export declare class MemoryLedger {
    constructor(settings?: MemoryLedgerOptions, restored?: Snapshot);
    /** A ledger that goes on where a snapshot stopped. All or nothing. */
    static restore(snapshot: Snapshot, settings?: MemoryLedgerOptions): MemoryLedger;
    /** Everything the ledger keeps. What is over is not written down. */
    snapshot(now?: Instant): Snapshot;
    /** Adds every amount of a batch, or none. */
    apply(batch: Batch): Outcome;
    /** Replaces reserved amounts by the true ones, in the windows they were charged to. */
    settle(reservation: string, usage: Usage, now?: Instant): Settlement;
    /** Gives every reserved amount back: the request was not made after all. */
    release(reservation: string, now?: Instant): Settlement;
    /** Adds usage that happened elsewhere, such as the month's spend known from an older log. */
    record(spent: {
        counter: Counter;
        window: Window;
        amount: number | bigint;
    }, at?: Instant): void;
    /** How many totals are kept, ended ones that were not swept yet included. */
    get size(): number;
}
