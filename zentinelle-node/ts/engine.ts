import { Decision, Registry } from "./decision.js";
import { guard, guardAsync, toError } from "./errors.js";
import { toJson } from "./json.js";
import type { KeyRing } from "./approvals.js";
import { type AsyncLedger, type Batch, MemoryLedger, type Outcome } from "./ledger.js";
import {
  native,
  type NativeAssessment,
  type NativeEngine,
  type NativeKeyRing,
  type NativeLedger,
  NOTHING,
} from "./native.js";
import { milliseconds, type Instant } from "./time.js";
import type { Agent, Policy, RequestDocument } from "./wire.js";

/** What an agent wants to do. Agent and user come from authentication, never from the context. */
export interface Request extends Omit<RequestDocument, "action" | "agent" | "agent_id" | "now"> {
  /** What is attempted, such as `tool_call` or `llm:invoke`. */
  action: string;
  /** The agent's id, where it is not the engine's own. */
  agent_id?: string;
  /** The agent in full, where its status, team, deployment or group matter. */
  agent?: string | (Partial<Omit<Agent, "agent_id">> & { agent_id?: string });
  /** The instant at which the request is judged. Default: the engine's clock. */
  now?: Instant;
}

/** What a host says about all its requests. */
export interface EngineOptions {
  /** The tenant of requests that name none, and the owner of the policies. Default: `local`. */
  tenantId?: string;
  /** The agent of requests that name none. Default: `local`. */
  agentId?: string;
  /** Names this set of policies in decisions. Default: `local`. */
  version?: string;
  /** The answer where no policy applies at all. Default: `deny`. */
  noPolicy?: "deny" | "permit";
  /** The keys whose approvals are believed. Taken as they are now. Default: none. */
  approvals?: KeyRing;
  /** Where running totals are kept. Default: a memory ledger of the engine's own. */
  ledger?: MemoryLedger;
  /** Tells the time, in milliseconds since 1970. Default: `Date.now`. */
  clock?: () => number;
}

/** What is wrong with a stored policy. */
export interface Finding {
  /** Where the policy stands in the list. */
  position: number;
  code: string;
  message: string;
  /** Where in the policy, as a JSON Pointer. */
  pointer: string;
  help?: string;
  /** Whether the policy is unusable for it and denies whatever it applies to. */
  fatal: boolean;
}

/** A stored policy. What is left out takes its default; `tenant_id` is the engine's. */
export type StoredPolicy = Partial<Omit<Policy, "id" | "type" | "config">> & {
  id: string;
  type: string;
  config?: unknown;
};

/**
 * Policies, compiled once, and the three steps of deciding.
 *
 * An engine never changes: to change policies, make a new one and use it from then on.
 */
export class Engine {
  /** Where running totals are kept. */
  readonly ledger: MemoryLedger;
  readonly #native: NativeEngine;
  readonly #registry: Registry;
  readonly #clock: () => number;

  private constructor(
    make: (options: string, ledger: NativeLedger, keys: NativeKeyRing | undefined) => NativeEngine,
    options: EngineOptions,
  ) {
    const { tenantId, agentId, version, noPolicy, approvals } = options;
    const text = JSON.stringify({ tenant_id: tenantId, agent_id: agentId, version, no_policy: noPolicy });
    this.ledger = options.ledger ?? new MemoryLedger();
    this.#clock = options.clock ?? Date.now;
    this.#native = guard(() => make(text, this.ledger.native, approvals?.native.copy()));
    this.#registry = new Registry(this.#native);
  }

  /**
   * An engine of a policy document, YAML or JSON. Throws a `PolicyError` with every problem of the document
   * if any of it cannot be used.
   */
  static fromYaml(document: string, options: EngineOptions = {}): Engine {
    return new Engine((text, ledger, keys) => native().Engine.fromText(document, text, ledger, keys), options);
  }

  /**
   * An engine of stored policies, oldest first. A policy that cannot be compiled does not keep the others from
   * working: it denies whatever it applies to, and `findings` says what is wrong with it.
   */
  static fromPolicies(policies: readonly StoredPolicy[], options: EngineOptions = {}): Engine {
    const list = toJson(policies);
    return new Engine((text, ledger, keys) => native().Engine.fromPolicies(list, text, ledger, keys), options);
  }

  /** What is wrong with the policies this engine was made of. Empty for a policy document. */
  get findings(): readonly Finding[] {
    return JSON.parse(guard(() => this.#native.findings())) as Finding[];
  }

  /** Decides one request, and spends what it costs when it is permitted. */
  decide(request: Request): Decision {
    // As `#read` and `guard`, without what they allocate: nothing is called more often.
    const { now } = request;
    const at = now === undefined ? this.#clock() : milliseconds(now);
    const text = toJson(now === undefined ? request : { ...request, now: undefined });
    let answer: number;
    try {
      answer = this.#native.decide(text, at, this.#registry.takeDone());
    } catch (thrown) {
      throw toError(thrown);
    }
    return new Decision(this.#registry, answer);
  }

  /** As `decide`, on another thread where there is one (the Node addon). For requests with long texts. */
  async decideAsync(request: Request): Promise<Decision> {
    const [text, now] = this.#read(request);
    const answer = await guardAsync(async () =>
      this.#native.decideAsync === undefined
        ? this.#native.decide(text, now, NOTHING)
        : this.#native.decideAsync(text, now),
    );
    return this.#decision(answer);
  }

  /** Decides one request with totals that are kept elsewhere. If they cannot be asked, it is denied. */
  async decideWith(ledger: AsyncLedger, request: Request): Promise<Decision> {
    const assessment = this.assess(request);
    const batch = assessment.batch;
    if (batch === undefined) return assessment.conclude();
    let outcome: Outcome;
    try {
      outcome = await ledger.apply(batch);
    } catch (thrown) {
      return assessment.fail(thrown instanceof Error ? thrown.message : "it failed");
    }
    return assessment.conclude(outcome);
  }

  /** The first of the three steps: what the policies say, and what the request would spend. */
  assess(request: Request): Assessment {
    const [text, now] = this.#read(request);
    const assessed = guard(() => this.#native.assess(text, now));
    return new Assessment(assessed, (answer) => this.#decision(answer));
  }

  /** How many decisions the engine keeps, because nobody disposed of them and nothing collected them yet. */
  get kept(): number {
    this.#registry.flush();
    return this.#native.kept();
  }

  #read(request: Request): [string, number] {
    const { now } = request;
    if (now === undefined) return [toJson(request), this.#clock()];
    const { now: _, ...rest } = request;
    return [toJson(rest), milliseconds(now)];
  }

  #decision(answer: number): Decision {
    return new Decision(this.#registry, answer);
  }
}

/** What the policies say of one request, while you commit what it would spend. */
export class Assessment {
  readonly #native: NativeAssessment;
  readonly #decision: (answer: number) => Decision;

  /** @internal */
  constructor(assessed: NativeAssessment, decision: (answer: number) => Decision) {
    this.#native = assessed;
    this.#decision = decision;
  }

  /** What the request would spend; undefined if nothing. Apply it in one atomic step, all or none. */
  get batch(): Batch | undefined {
    const text = guard(() => this.#native.batch());
    return text == null ? undefined : (JSON.parse(text) as Batch);
  }

  /** The last step: the decision, from what the ledger answered, if there was something to ask. */
  conclude(outcome?: Outcome): Decision {
    const text = outcome === undefined ? undefined : toJson(outcome);
    return this.#decision(guard(() => this.#native.conclude(text)));
  }

  /** The last step when the ledger could not be asked: a denial, if the request spends anything. */
  fail(why: string): Decision {
    return this.#decision(guard(() => this.#native.fail(why)));
  }
}
