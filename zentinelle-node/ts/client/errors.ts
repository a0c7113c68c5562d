import { ZentinelleError } from "../errors.js";
import type { EvaluateResult } from "./types.js";

/** The server could not be reached, or did not answer as it should, after every retry. */
export class ZentinelleConnectionError extends ZentinelleError {
  /** The last HTTP status, if there was an answer at all. */
  readonly status: number | undefined;

  constructor(message: string, details: { status?: number | undefined; code?: string | undefined; cause?: unknown } = {}) {
    super(message, { code: details.code ?? "client.unreachable", cause: details.cause });
    this.status = details.status;
  }
}

/** The key is not accepted (401), or may not do this (403). Never retried. */
export class ZentinelleAuthError extends ZentinelleError {
  readonly status: number;

  constructor(message: string, status: number, code = "client.unauthorized") {
    super(message, { code, help: "check the key: one of an agent begins with `sk_agent_`" });
    this.status = status;
  }
}

/** Too many requests (429). Never retried by itself. */
export class ZentinelleRateLimitError extends ZentinelleError {
  /** When to try again. Unit: seconds. */
  readonly retryAfter: number;

  constructor(retryAfter: number) {
    super(`the server asks to wait ${retryAfter} seconds`, { code: "client.rate_limited" });
    this.retryAfter = retryAfter;
  }
}

/** Thrown by `enforce` for a denial. `evaluate` gives a denial as a result. */
export class PolicyViolationError extends ZentinelleError {
  readonly result: EvaluateResult;

  constructor(result: EvaluateResult) {
    super(result.reason ?? "a policy denies this", { code: result.code ?? "client.denied" });
    this.result = result;
  }
}
