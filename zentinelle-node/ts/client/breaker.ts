import { ZentinelleConnectionError } from "./errors.js";

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
export class CircuitBreaker {
  readonly #options: Required<BreakerOptions>;
  #failures = 0;
  #successes = 0;
  #openedAt: number | undefined;

  constructor({ failures = 5, recoveryMs = 30_000, successes = 3, clock = Date.now }: BreakerOptions = {}) {
    this.#options = { failures, recoveryMs, successes, clock };
  }

  /** Closed: calls go through. Open: none do. Half open: calls go through and are judged more strictly. */
  get state(): "closed" | "open" | "half-open" {
    if (this.#openedAt === undefined) return "closed";
    return this.#options.clock() - this.#openedAt >= this.#options.recoveryMs ? "half-open" : "open";
  }

  /** Makes a call, unless the breaker is open. `isFailure` says which errors speak of the server's absence. */
  async run<T>(call: () => Promise<T>, isFailure: (error: unknown) => boolean = () => true): Promise<T> {
    if (this.state === "open") {
      throw new ZentinelleConnectionError("the server did not answer lately and is not asked for a while", {
        code: "client.circuit_open",
      });
    }
    try {
      const result = await call();
      this.#succeeded();
      return result;
    } catch (error) {
      if (isFailure(error)) this.#failed();
      else this.#succeeded();
      throw error;
    }
  }

  #succeeded(): void {
    this.#failures = 0;
    if (this.#openedAt === undefined) return;
    this.#successes += 1;
    if (this.#successes >= this.#options.successes) this.#openedAt = undefined;
  }

  #failed(): void {
    this.#successes = 0;
    this.#failures += 1;
    if (this.#openedAt !== undefined || this.#failures >= this.#options.failures) {
      this.#openedAt = this.#options.clock();
    }
  }
}
