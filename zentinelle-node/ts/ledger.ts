import { guard } from "./errors.js";
import { toJson } from "./json.js";
import { native, type NativeLedger } from "./native.js";
import { milliseconds, type Instant } from "./time.js";
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
  readings: { used: number; resets_at: string }[];
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

function options({ maxCounters, maxReservations, reservationSeconds, hashSeed }: MemoryLedgerOptions): string {
  return JSON.stringify({
    max_counters: maxCounters,
    max_reservations: maxReservations,
    reservation_seconds: reservationSeconds,
    // So that callers who choose session ids cannot aim at one part of the table.
    hash_seed: hashSeed ?? globalThis.crypto.getRandomValues(new Uint32Array(1))[0],
  });
}

/** Running totals of this process: rate limits, quotas, budgets. */
export class MemoryLedger {
  /** @internal */
  readonly native: NativeLedger;

  constructor(settings: MemoryLedgerOptions = {}, restored?: Snapshot) {
    const text = options(settings);
    this.native = guard(() =>
      restored === undefined ? native().Ledger.create(text) : native().Ledger.restore(text, JSON.stringify(restored)),
    );
  }

  /** A ledger that goes on where a snapshot stopped. All or nothing. */
  static restore(snapshot: Snapshot, settings: MemoryLedgerOptions = {}): MemoryLedger {
    return new MemoryLedger(settings, snapshot);
  }

  /** Everything the ledger keeps. What is over is not written down. */
  snapshot(now: Instant = Date.now()): Snapshot {
    return JSON.parse(guard(() => this.native.snapshot(milliseconds(now)))) as Snapshot;
  }

  /** Adds every amount of a batch, or none. */
  apply(batch: Batch): Outcome {
    return JSON.parse(guard(() => this.native.apply(toJson(batch)))) as Outcome;
  }

  /** Replaces reserved amounts by the true ones, in the windows they were charged to. */
  settle(reservation: string, usage: Usage, now: Instant = Date.now()): Settlement {
    const settled = guard(() => this.native.settle(reservation, toJson(usage), milliseconds(now)));
    return JSON.parse(settled) as Settlement;
  }

  /** Gives every reserved amount back: the request was not made after all. */
  release(reservation: string, now: Instant = Date.now()): Settlement {
    return JSON.parse(guard(() => this.native.release(reservation, milliseconds(now)))) as Settlement;
  }

  /** Adds usage that happened elsewhere, such as the month's spend known from an older log. */
  record(spent: { counter: Counter; window: Window; amount: number | bigint }, at: Instant = Date.now()): void {
    guard(() => this.native.record(toJson(spent), milliseconds(at)));
  }

  /** How many totals are kept, ended ones that were not swept yet included. */
  get size(): number {
    return this.native.size();
  }
}
