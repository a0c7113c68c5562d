/**
 * Express and Hono: decides an HTTP request before its handler runs. A denial is answered with 403, a limit with 429 and
 * `Retry-After`; the body says which code and why.
 */

import type { Decision } from "../decision.js";
import { RequestError } from "../errors.js";
import type { Request as Asked } from "../engine.js";
import { decide, type GuardOptions } from "./guard.js";

/** How an HTTP request becomes a question. */
export interface HttpOptions<R> extends Omit<GuardOptions, "identity" | "context"> {
  /** The question a request asks. Who asks must come from your authentication. Undefined: not to be decided. */
  request: (request: R) => Asked | undefined | Promise<Asked | undefined>;
}

interface Refused {
  status: 400 | 403 | 429;
  headers: Record<string, string>;
  body: { error: string; message: string };
}

async function refused<R>(options: HttpOptions<R>, request: R): Promise<Refused | undefined> {
  const asked = await options.request(request);
  if (asked === undefined) return undefined;
  const { action, context = {}, ...who } = asked;
  let decision: Decision;
  try {
    const { engine, ledger, onDecision } = options;
    const guard = { engine, identity: () => who, ...(ledger && { ledger }), ...(onDecision && { onDecision }) };
    decision = await decide(guard as GuardOptions, action, context ?? {});
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { status: 400, headers: {}, body: { error: error.code, message: error.message } };
  }
  if (decision.allowed) return undefined;
  const { reason, code, retryAt } = decision;
  const body = { error: code ?? "no_policy", message: reason ?? "no policy applies to this agent and user" };
  if (retryAt === undefined) return { status: 403, headers: {}, body };
  const seconds = Math.max(Math.ceil((retryAt.getTime() - Date.now()) / 1000), 1);
  return { status: 429, headers: { "Retry-After": String(seconds) }, body };
}

interface ExpressResponse {
  status(code: number): this;
  set(headers: Record<string, string>): this;
  json(body: unknown): unknown;
}

/** Middleware for Express (and what is made like it). */
export function expressGuard<R>(
  options: HttpOptions<R>,
): (request: R, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    let refusal: Refused | undefined;
    try {
      refusal = await refused(options, request);
    } catch (error) {
      // Nothing was decided, so nothing goes on.
      return next(error ?? new Error("the request could not be decided"));
    }
    if (refusal === undefined) return next();
    response.status(refusal.status).set(refusal.headers).json(refusal.body);
  };
}

interface HonoContext {
  json(body: any, status: any, headers: Record<string, string>): Response;
}

/** Middleware for Hono. */
export function honoGuard<C extends HonoContext>(
  options: HttpOptions<C>,
): (context: C, next: () => Promise<void>) => Promise<Response | void> {
  return async (context, next) => {
    const refusal = await refused(options, context);
    if (refusal === undefined) return next();
    return context.json(refusal.body, refusal.status, refusal.headers);
  };
}
