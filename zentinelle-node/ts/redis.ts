import { ArgumentError, LedgerError } from "./errors.js";
import type { AsyncLedger, Batch, Outcome, Settlement, Usage, Window } from "./ledger.js";
import { APPLY, SETTLE } from "./redis-scripts.js";
import { milliseconds, type Instant } from "./time.js";
import type { Posting } from "./wire.js";

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

/** Steps a sliding window is cut into; the same as in every other ledger. */
const STEPS = 60;
/** Redis keeps totals a little longer than they count, so that its clock and ours may differ. */
const GRACE_MS = 60_000;

/** How a window is told to the script, and what its answer means. */
interface Words {
  kind: "open" | "sliding";
  /** The end of a window that opens now, or the current step. */
  a: number;
  /** The oldest step that counts. */
  b: number;
  keep: number;
  /** When the total starts to fall, from what the script answers. */
  resets: (answered: string) => number;
}

function words(window: Window, now: number): Words {
  if (typeof window === "object" && "sliding" in window) {
    const length = window.sliding.seconds * 1_000;
    const step = Math.max(Math.floor(length / STEPS), 1);
    const current = Math.floor(now / step);
    return {
      kind: "sliding",
      a: current,
      b: current - Math.floor(length / step),
      keep: length + step + GRACE_MS,
      resets: (first) => (first === "" ? now : (Number(first) + 1) * step + length),
    };
  }
  const end = typeof window === "object" ? now + window.fixed.seconds * 1_000 : nextMonth(now);
  const resets = (ends: string): number => (ends === "" ? end : Number(ends));
  return { kind: "open", a: end, b: 0, keep: end - now + GRACE_MS, resets };
}

function nextMonth(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/**
 * Running totals in Redis: one script, one round trip a decision, all or none; and reservations, which are settled from
 * any process. The prefix is the hash tag of every key, so a cluster works too: one ledger lives in one slot of it.
 * Amounts are exact up to 2^53.
 */
export class RedisLedger implements AsyncLedger {
  readonly #run: RunScript;
  readonly #tag: string;
  readonly #reservationMs: number;

  constructor(run: RunScript, { prefix = "zentinelle:", reservationSeconds = 3_600 }: RedisLedgerOptions = {}) {
    if (!Number.isSafeInteger(reservationSeconds) || reservationSeconds < 0) {
      throw new ArgumentError(`${reservationSeconds} is no time for which a reservation can stay open`, {
        code: "argument.invalid_duration",
        pointer: "/reservationSeconds",
        help: "give a whole number of seconds",
      });
    }
    this.#run = run;
    this.#tag = `{${prefix}}`;
    this.#reservationMs = reservationSeconds * 1_000;
  }

  /** Adds every amount of the batch, or none; or only looks. Refuses the id of a reservation that is still open. */
  async apply(batch: Batch): Promise<Outcome> {
    const { mode, reservation } = batch;
    const now = milliseconds(batch.now);
    const lines = batch.postings.map((posting) => ({ posting, key: this.#total(posting), ...words(posting.window, now) }));
    const keys = lines.map(({ key }) => key);
    const numbers = lines.flatMap(({ posting, kind, a, b, keep }) => {
      return [kind, exact(posting.amount), posting.limit == null ? "" : limit(posting.limit), String(a), String(b), String(keep)];
    });
    let reserved = "";
    if (reservation != null) {
      keys.push(this.#reservation(reservation));
      const kept = lines.map(({ posting, key, kind, a }) => [key, kind, posting.unit, exact(posting.amount), String(a)]);
      reserved = `${now + this.#reservationMs} ${now} ${JSON.stringify(kept)}`;
    }
    const keep = String(this.#reservationMs + GRACE_MS);
    const answer = await this.#run(APPLY, keys, [mode, String(now), reserved, keep, ...numbers]);
    const said = Array.isArray(answer) ? answer.map(String) : [];
    if (said[0] === "reserved" && reservation != null) {
      throw new LedgerError(`reservation \`${reservation}\` is already open`, { code: "ledger.reservation_exists" });
    }
    if (said.length !== 1 + 2 * lines.length) throw malformed();
    const readings = lines.map(({ resets }, place) => ({
      used: Number(said[1 + 2 * place]),
      resets_at: new Date(resets(said[2 + 2 * place] ?? "")).toISOString(),
    }));
    return { committed: said[0] === "1", readings };
  }

  /** Replaces reserved amounts by the true ones, in the windows they were charged to. */
  async settle(reservation: string, usage: Usage, now: Instant = Date.now()): Promise<Settlement> {
    const stranger = Object.keys(usage).find((unit) => !UNITS.includes(unit as keyof Usage));
    if (stranger !== undefined) {
      throw new ArgumentError(`unknown key \`${stranger}\` in the usage of a reservation`, {
        code: "argument.unknown_key",
        pointer: `/${stranger}`,
        help: `expected ${UNITS.map((unit) => `\`${unit}\``).join(", ")}`,
      });
    }
    const truth = UNITS.map((unit) => (usage[unit] == null ? "" : exact(usage[unit])));
    return this.#settle("settle", reservation, now, truth);
  }

  /** Gives every reserved amount back: the request was not made after all. */
  async release(reservation: string, now: Instant = Date.now()): Promise<Settlement> {
    return this.#settle("release", reservation, now, UNITS.map(() => ""));
  }

  async #settle(how: string, reservation: string, now: Instant, truth: string[]): Promise<Settlement> {
    const key = this.#reservation(reservation);
    const said = String(await this.#run(SETTLE, [key], [how, String(milliseconds(now)), ...truth]));
    if (!["missing", "settled", "overran"].includes(said)) throw malformed();
    return { found: said !== "missing", overran: said === "overran" };
  }

  #total({ counter: { tenant, meter, holder, subject }, window }: Posting): string {
    return `${this.#tag}total:${JSON.stringify([tenant, meter, holder, subject ?? null, window])}`;
  }

  #reservation(id: string): string {
    return `${this.#tag}reservation:${id}`;
  }
}

/** The units that usage is told in, in the order of the script. */
const UNITS = ["tokens", "usd_micros", "bytes"] as const satisfies readonly (keyof Usage)[];

function malformed(): LedgerError {
  return new LedgerError("Redis answered something else than it was asked", { code: "ledger.malformed_outcome" });
}

function exact(amount: number): string {
  if (Number.isSafeInteger(amount) && amount >= 0) return String(amount);
  throw new LedgerError("the amount is none that this ledger can count exactly", { code: "ledger.inexact_amount" });
}

/** A limit beyond what can be counted is a limit never reached: the totals below it are exact. */
function limit(most: number): string {
  return Number.isSafeInteger(most) ? String(most) : String(Number.MAX_SAFE_INTEGER);
}
