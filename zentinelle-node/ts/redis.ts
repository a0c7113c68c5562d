import { LedgerError } from "./errors.js";
import type { AsyncLedger, Batch, Outcome, Window } from "./ledger.js";
import { milliseconds } from "./time.js";

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

/** Steps a sliding window is cut into; the same as in every other ledger. */
const STEPS = 60;
/** Redis keeps totals a little longer than they count, so that its clock and ours may differ. */
const GRACE_MS = 60_000;

// KEYS: the totals. ARGV: commit | peek, now, then six for each total: open | sliding, the amount, the limit or
// none, the end of a window that opens now or the current step, the oldest step that counts, and how long to keep
// it. Answers whether it was added, then what was used and when it resets, for each total as it stood before.
const SCRIPT = `
local now = tonumber(ARGV[2])
local totals, fit, answer = {}, true, { '0' }
for place, key in ipairs(KEYS) do
  local at = 6 * place - 3
  local total = { kind = ARGV[at], amount = tonumber(ARGV[at + 1]), used = 0, resets = '', gone = {} }
  if total.kind == 'open' then
    local held = redis.call('HMGET', key, 'end', 'used')
    if held[1] and now < tonumber(held[1]) then
      total.used, total.resets = tonumber(held[2]), held[1]
    end
  else
    local held, oldest, first = redis.call('HGETALL', key), tonumber(ARGV[at + 4]), nil
    for field = 1, #held, 2 do
      local step = tonumber(held[field])
      if step < oldest then
        total.gone[#total.gone + 1] = held[field]
      else
        total.used = total.used + tonumber(held[field + 1])
        if not first or step < first then first, total.resets = step, held[field] end
        if not total.last or step > total.last then total.last = step end
      end
    end
  end
  local limit = ARGV[at + 2]
  if limit ~= '' and total.used + total.amount > tonumber(limit) then fit = false end
  totals[place] = total
  answer[#answer + 1] = string.format('%.0f', total.used)
  answer[#answer + 1] = total.resets
end
if ARGV[1] ~= 'commit' or not fit then return answer end
answer[1] = '1'
for place, key in ipairs(KEYS) do
  local at, total = 6 * place - 3, totals[place]
  local amount, a, keep = ARGV[at + 1], ARGV[at + 3], ARGV[at + 5]
  if total.kind == 'sliding' then
    if #total.gone > 0 then redis.call('HDEL', key, unpack(total.gone)) end
    local step = a
    if total.last and total.last > tonumber(a) then step = string.format('%.0f', total.last) end
    redis.call('HINCRBY', key, step, amount)
    redis.call('PEXPIRE', key, keep)
  elseif total.resets ~= '' then
    redis.call('HINCRBY', key, 'used', amount)
  elseif total.amount > 0 then
    redis.call('DEL', key)
    redis.call('HSET', key, 'end', a, 'used', amount)
    redis.call('PEXPIRE', key, keep)
  end
end
return answer
`;

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
 * Running totals in Redis: one script, one round trip a decision, all or none. All totals of a tenant share a hash
 * tag, so a cluster works too. Amounts are exact up to 2^53.
 *
 * Keeps no reservations: a request with a `reservation` is denied. Settle those through a Zentinelle server, or a
 * `MemoryLedger`.
 */
export class RedisLedger implements AsyncLedger {
  readonly #run: RunScript;
  readonly #prefix: string;

  constructor(run: RunScript, { prefix = "zentinelle:" }: RedisLedgerOptions = {}) {
    this.#run = run;
    this.#prefix = prefix;
  }

  /** Adds every amount of the batch, or none; or only looks. */
  async apply(batch: Batch): Promise<Outcome> {
    if (batch.reservation !== null) {
      throw new LedgerError("this ledger keeps no reservations", { code: "ledger.no_reservations" });
    }
    const now = milliseconds(batch.now);
    const lines = batch.postings.map((posting) => ({ posting, ...words(posting.window, now) }));
    const keys = lines.map(({ posting: { counter, window } }) => {
      const { tenant, meter, holder, subject } = counter;
      return `${this.#prefix}{${encodeURIComponent(tenant)}}:${JSON.stringify([meter, holder, subject ?? null, window])}`;
    });
    const numbers = lines.flatMap(({ posting, kind, a, b, keep }) => {
      return [kind, exact(posting.amount), posting.limit == null ? "" : limit(posting.limit), String(a), String(b), String(keep)];
    });
    const answer = await this.#run(SCRIPT, keys, [batch.mode, String(now), ...numbers]);
    if (!Array.isArray(answer) || answer.length !== 1 + 2 * lines.length) {
      throw new LedgerError("Redis answered something else than it was asked", { code: "ledger.malformed_outcome" });
    }
    const said = answer.map(String);
    const readings = lines.map(({ resets }, place) => ({
      used: Number(said[1 + 2 * place]),
      resets_at: new Date(resets(said[2 + 2 * place] ?? "")).toISOString(),
    }));
    return { committed: said[0] === "1", readings };
  }
}

function exact(amount: number): string {
  if (Number.isSafeInteger(amount)) return String(amount);
  throw new LedgerError("the amount is larger than this ledger counts", { code: "ledger.inexact_amount" });
}

/** A limit beyond what can be counted is a limit never reached: the totals below it are exact. */
function limit(most: number): string {
  return Number.isSafeInteger(most) ? String(most) : String(Number.MAX_SAFE_INTEGER);
}
