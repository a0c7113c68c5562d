import { ArgumentError, guard } from "./errors.js";
import { type NativeEngine, NOTHING } from "./native.js";
import type { DecisionDocument, Effect, Obligation } from "./wire.js";

// The bits of an answer; the numbers are those of the engine.
const EFFECTS: readonly Effect[] = ["deny", "permit", "no_policy"];
const EFFECT_BITS = 3;
const PERMITTED = 4;
const LENT_ONCE = 8;

/** Which decisions the engine may let go: those disposed of, and those the collector found abandoned. @internal */
export class Registry {
  readonly #native: NativeEngine;
  readonly #registry: FinalizationRegistry<number>;
  /** A decision that was disposed of, and of which the engine hears with the next call. */
  #done = NOTHING;

  constructor(native: NativeEngine) {
    this.#native = native;
    this.#registry = new FinalizationRegistry((answer) => native.forget(answer));
  }

  watch(decision: Decision, answer: number): void {
    this.#registry.register(decision, answer, decision);
  }

  disposed(decision: Decision, answer: number): void {
    this.#registry.unregister(decision);
    this.flush();
    this.#done = answer;
  }

  /** The decision to be let go with this very call. */
  takeDone(): number {
    const done = this.#done;
    this.#done = NOTHING;
    return done;
  }

  /** Lets go now what would be let go with the next call. */
  flush(): void {
    const done = this.takeDone();
    if (done !== NOTHING) this.#native.forget(done);
  }
}

/**
 * The answer to one request, with its reasons.
 *
 * Whether to go on is known at once; everything else is written out when it is first asked for. A decision that
 * is no longer used is freed by the collector; in a tight loop, free it at once with `using` or `dispose()`.
 */
export class Decision {
  /** Whether to go on. Always true in a dry run, which only asks; see `effect`. */
  readonly allowed: boolean;
  /** Permit, deny, or no policy at all. In a dry run: what it would have been. */
  readonly effect: Effect;

  readonly #native: NativeEngine;
  readonly #registry: Registry;
  readonly #answer: number;
  #state: "kept" | "read" | "gone";
  #json: string | undefined;
  #explanation: string | undefined;
  #change: readonly string[] | undefined;
  #document: DecisionDocument | undefined;

  /** @internal */
  constructor(native: NativeEngine, registry: Registry, answer: number) {
    this.#native = native;
    this.#registry = registry;
    this.#answer = answer;
    this.allowed = (answer & PERMITTED) !== 0;
    this.effect = EFFECTS[answer & EFFECT_BITS] ?? "deny";
    this.#state = "kept";
    if ((answer & LENT_ONCE) !== 0) this.#readAll();
    else registry.watch(this, answer);
  }

  /** The decision as JSON text, exactly as every other Zentinelle writes it. */
  get json(): string {
    return (this.#json ??= this.#ask((native, answer) => native.document(answer)));
  }

  /** The decision as a value. Numbers beyond 2^53 lose digits here; `json` has them all. */
  get document(): DecisionDocument {
    return (this.#document ??= JSON.parse(this.json) as DecisionDocument);
  }

  /** Why not, in words; undefined when allowed. */
  get reason(): string | undefined {
    return this.document.reason ?? undefined;
  }

  /** The stable code of the reason. */
  get code(): string | undefined {
    return this.document.code ?? undefined;
  }

  /** Warnings in words. */
  get warnings(): readonly string[] {
    return this.document.warnings;
  }

  /** What you must do when you go on: mask, cap rows, ask a human. */
  get obligations(): readonly Obligation[] {
    return this.document.obligations;
  }

  /** When a limit that refused opens again. */
  get retryAt(): Date | undefined {
    const at = this.document.retry_at;
    return at == null ? undefined : new Date(at);
  }

  /** The decision in words, over several lines. */
  explain(): string {
    return (this.#explanation ??= this.#ask((native, answer) => native.explanation(answer)));
  }

  /** What would flip a denial: a sentence for every reason. Empty when allowed. */
  smallestChange(): readonly string[] {
    return (this.#change ??= JSON.parse(this.#ask((native, answer) => native.smallestChange(answer))) as string[]);
  }

  /** Frees what the engine keeps of this decision. What was read before stays readable. */
  dispose(): void {
    if (this.#state !== "kept") return;
    this.#state = "gone";
    this.#registry.disposed(this, this.#answer);
  }

  /** See `dispose`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The decision as a value, for `JSON.stringify`. */
  toJSON(): DecisionDocument {
    return this.document;
  }

  /** A decision lent once is gone with the next one. */
  #readAll(): void {
    this.#json = this.json;
    this.#explanation = this.explain();
    this.#change = this.smallestChange();
    this.#state = "read";
    this.#native.forget(this.#answer);
  }

  #ask(question: (native: NativeEngine, answer: number) => string): string {
    if (this.#state !== "kept") {
      throw new ArgumentError("the decision was disposed of before this was asked", {
        code: "argument.used_up",
        help: "read what you need before the decision is disposed of",
      });
    }
    return guard(() => question(this.#native, this.#answer));
  }
}
