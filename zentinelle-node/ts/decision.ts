import { ArgumentError, guard } from "./errors.js";
import { type NativeEngine, NOTHING } from "./native.js";
import type { DecisionDocument, Effect, Obligation } from "./wire.js";

// The bits of an answer; the numbers are those of the engine.
const EFFECTS: readonly Effect[] = ["deny", "permit", "no_policy"];
const EFFECT_BITS = 3;
const PERMITTED = 4;
const LENT_ONCE = 8;

/** Decisions that are watched together: watching each would cost as much as a small policy. */
const PAGE = 16;

/** The answers of decisions that were made one after the other; kept by each of them. @internal */
export class Page {
  readonly answers: number[] = [];
  /** How many of the decisions were not disposed of. */
  live = 0;
}

/** Which decisions the engine may let go: those disposed of, and those the collector found abandoned. @internal */
export class Registry {
  readonly native: NativeEngine;
  readonly #pages: FinalizationRegistry<readonly number[]>;
  #page: Page | undefined;
  /** A decision that was disposed of, and of which the engine hears with the next call. */
  #done = NOTHING;

  constructor(native: NativeEngine) {
    this.native = native;
    this.#pages = new FinalizationRegistry((answers) => {
      for (const answer of answers) if (answer !== NOTHING) native.forget(answer);
    });
  }

  /** The page on which the next decision stands. */
  page(): Page {
    let page = this.#page;
    if (page === undefined || page.answers.length === PAGE) {
      page = this.#page = new Page();
      this.#pages.register(page, page.answers, page);
    }
    return page;
  }

  disposed(page: Page, place: number): void {
    const answer = page.answers[place] ?? NOTHING;
    page.answers[place] = NOTHING;
    page.live -= 1;
    if (page.live === 0) {
      // A page with nothing left on it is used again, so that a loop that disposes needs only one.
      if (page === this.#page) page.answers.length = 0;
      else this.#pages.unregister(page);
    }
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
    if (done !== NOTHING) this.native.forget(done);
  }
}

/** What was read of a decision. */
interface Read {
  json?: string;
  document?: DecisionDocument;
  explanation?: string;
  change?: readonly string[];
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

  readonly #registry: Registry;
  /** Where the answer stands, as long as the engine keeps the decision. */
  #page: Page | undefined;
  readonly #place: number;
  #read: Read | undefined;

  /** @internal */
  constructor(registry: Registry, answer: number) {
    this.allowed = (answer & PERMITTED) !== 0;
    this.effect = EFFECTS[answer & EFFECT_BITS] ?? "deny";
    this.#registry = registry;
    const lent = (answer & LENT_ONCE) !== 0;
    const page = lent ? new Page() : registry.page();
    this.#page = page;
    this.#place = page.answers.length;
    page.answers.push(answer);
    page.live += 1;
    if (lent) this.#readAll();
  }

  /** The decision as JSON text, exactly as every other Zentinelle writes it. */
  get json(): string {
    return (this.#found.json ??= this.#ask((native, answer) => native.document(answer)));
  }

  /** The decision as a value. Numbers beyond 2^53 lose digits here; `json` has them all. */
  get document(): DecisionDocument {
    return (this.#found.document ??= JSON.parse(this.json) as DecisionDocument);
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
    return (this.#found.explanation ??= this.#ask((native, answer) => native.explanation(answer)));
  }

  /** What would flip a denial: a sentence for every reason. Empty when allowed. */
  smallestChange(): readonly string[] {
    const asked = (): string => this.#ask((native, answer) => native.smallestChange(answer));
    return (this.#found.change ??= JSON.parse(asked()) as string[]);
  }

  /** Frees what the engine keeps of this decision. What was read before stays readable. */
  dispose(): void {
    const page = this.#page;
    if (page === undefined) return;
    this.#page = undefined;
    this.#registry.disposed(page, this.#place);
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
    void this.json;
    this.explain();
    this.smallestChange();
    this.dispose();
  }

  get #found(): Read {
    return (this.#read ??= {});
  }

  #ask(question: (native: NativeEngine, answer: number) => string): string {
    const answer = this.#page?.answers[this.#place];
    if (answer === undefined) {
      throw new ArgumentError("the decision was disposed of before this was asked", {
        code: "argument.used_up",
        help: "read what you need before the decision is disposed of",
      });
    }
    return guard(() => question(this.#registry.native, answer));
  }
}
