// What every integration has in common: how a call of a framework becomes a request, and what a denial becomes.

import type { Decision } from "../decision.js";
import type { Engine, Request } from "../engine.js";
import { ZentinelleError } from "../errors.js";
import type { AsyncLedger } from "../ledger.js";
import type { DecisionDocument } from "../wire.js";

/** Who acts. From your authentication, never from the model. */
export interface Identity {
  tenant_id?: string;
  agent_id?: string;
  user_id?: string;
}

/** How an integration decides. */
export interface GuardOptions {
  /** The policies. */
  engine: Engine;
  /** Totals that are kept elsewhere, such as a `RedisLedger`. Default: the engine's own. */
  ledger?: AsyncLedger;
  /** Who acts. A function is asked for every call. */
  identity?: Identity | (() => Identity);
  /** Facts added to the context of every request, such as a session id. A function is asked for every call. */
  context?: Record<string, unknown> | (() => Record<string, unknown>);
  /** Told of every decision, for your log. */
  onDecision?: (decision: DecisionDocument, request: Request) => void;
}

/** A policy denied a call, and the framework has no other way to hear of it. */
export class PolicyDeniedError extends ZentinelleError {
  /** The decision. */
  readonly decision: DecisionDocument;

  constructor(decision: DecisionDocument) {
    super(decision.reason ?? "no policy applies to this agent and user", { code: decision.code ?? "no_policy" });
    this.decision = decision;
  }
}

function now<T>(value: T | (() => T) | undefined): T | undefined {
  return typeof value === "function" ? (value as () => T)() : value;
}

/** Decides a call. @internal */
export async function decide(
  options: GuardOptions,
  action: string,
  facts: Record<string, unknown>,
): Promise<Decision> {
  const { engine, ledger, identity, context, onDecision } = options;
  // Facts of the call come last: what is added for every call cannot hide them.
  const request: Request = { ...now(identity), action, context: { ...now(context), ...facts } };
  const decision = ledger === undefined ? await engine.decideAsync(request) : await engine.decideWith(ledger, request);
  onDecision?.(decision.document, request);
  return decision;
}

/** Decides a call, and throws a denial. @internal */
export async function enforce(
  options: GuardOptions,
  action: string,
  facts: Record<string, unknown>,
): Promise<Decision> {
  const decision = await decide(options, action, facts);
  if (!decision.allowed) throw new PolicyDeniedError(decision.document);
  return decision;
}

/** The facts of a tool call. Arguments that are JSON text are read, so that rules see what is in them. @internal */
export function toolFacts(name: string, input: unknown): Record<string, unknown> {
  return { tool_name: name, tool_input: typeof input === "string" ? parsed(input) : input };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a model is told when a call of it is denied, so that it can go on without. @internal */
export function refusal(decision: Decision): string {
  return `Denied by policy: ${decision.reason ?? "no policy applies to this agent and user"}`;
}
