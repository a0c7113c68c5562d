import { ArgumentError, guard, guardAsync } from "./errors.js";
import { native, type NativeScanner, type NativeStream } from "./native.js";

/** What sort of content. Injection and jailbreaks are a judgement on a whole text, see `judge`. */
export type Category = "secret" | "pii" | "phi" | "injection" | "jailbreak" | "profanity";

/** One thing found: places and names, never the matched text, so it may be logged. */
export interface ScanFinding {
  category: Category;
  /** The detector, such as `aws_access_key`. */
  kind: string;
  severity: "low" | "medium" | "high" | "critical";
  /** How sure the detector is, from 0 to 1. */
  confidence: number;
  /** Where it starts in the text, as `String.prototype.slice` counts. */
  start: number;
  end: number;
}

/** Which detectors run. */
export interface ScannerOptions {
  /** Default: all of them. */
  categories?: readonly Category[];
  /** Kinds that are not looked for, such as `bearer_token`. */
  disabled?: readonly string[];
}

/** A text that may go out, and what was found in it. */
export interface Redaction {
  /** The text, with findings replaced by `[REDACTED:kind]`. */
  text: string;
  findings: ScanFinding[];
}

/** Whether a text attacks a model. */
export interface Judgement {
  /** How likely the text is an attack, from 0 to 1. */
  score: number;
  verdict: "clean" | "suspect" | "malicious";
  findings: ScanFinding[];
}

/** Who wrote a text: the user, a tool or document (a stranger), or a model. */
export type Source = "user" | "tool" | "model";

/** Scans whole texts for secrets, personal data and profanity. */
export class Scanner {
  readonly #native: NativeScanner;

  constructor(options: ScannerOptions = {}) {
    this.#native = guard(() => native().Scanner.create(JSON.stringify(options)));
  }

  /** Everything found, by place. */
  scan(text: string): ScanFinding[] {
    return JSON.parse(guard(() => this.#native.scan(text))) as ScanFinding[];
  }

  /** The text with findings replaced by their markers. */
  redact(text: string): Redaction {
    return JSON.parse(guard(() => this.#native.redact(text))) as Redaction;
  }

  /** As `scan`, on another thread where there is one. For long texts. */
  async scanAsync(text: string): Promise<ScanFinding[]> {
    const scan = async (): Promise<string> => this.#native.scanAsync?.(text) ?? this.#native.scan(text);
    return JSON.parse(await guardAsync(scan)) as ScanFinding[];
  }

  /** As `redact`, on another thread where there is one. */
  async redactAsync(text: string): Promise<Redaction> {
    const redact = async (): Promise<string> => this.#native.redactAsync?.(text) ?? this.#native.redact(text);
    return JSON.parse(await guardAsync(redact)) as Redaction;
  }
}

/** Judges a text for prompt injection and jailbreaks. */
export function judge(text: string, source: Source = "user"): Judgement {
  return JSON.parse(guard(() => native().judge(text, source))) as Judgement;
}

/** As `judge`, on another thread where there is one. */
export async function judgeAsync(text: string, source: Source = "user"): Promise<Judgement> {
  const judged = async (): Promise<string> => native().judgeAsync?.(text, source) ?? native().judge(text, source);
  return JSON.parse(await guardAsync(judged)) as Judgement;
}

/** What becomes of a stream. */
export interface StreamScannerOptions extends ScannerOptions {
  /** `mask` replaces findings by their markers; `observe` lets the text through and only reports. Default: `mask`. */
  mode?: "mask" | "observe";
  /** Called with every finding as soon as it is known. Places count from the start of the stream. */
  onFinding?: (finding: ScanFinding) => void;
}

/**
 * Scans a text that arrives in pieces, such as a model's answer. The findings are those of the whole text,
 * whatever the pieces; usually about a hundred bytes are held back.
 */
export class StreamScanner {
  readonly #native: NativeStream;
  readonly #onFinding: ((finding: ScanFinding) => void) | undefined;
  #half = "";
  #ended = false;

  constructor({ mode = "mask", onFinding, ...options }: StreamScannerOptions = {}) {
    this.#onFinding = onFinding;
    this.#native = guard(() => native().Stream.create(JSON.stringify(options), mode === "mask"));
  }

  /** Takes the next piece and gives what may go out now. */
  push(piece: string): Redaction {
    let text = this.#half + piece;
    this.#half = "";
    const last = text.charCodeAt(text.length - 1);
    if (last >= 0xd800 && last <= 0xdbff) {
      // Half of a character: the other half comes with the next piece.
      this.#half = text.slice(-1);
      text = text.slice(0, -1);
    }
    return this.#released(guard(() => this.#native.push(text)));
  }

  /** Ends the stream and gives all that was held back. */
  finish(): Redaction {
    if (this.#ended) throw new ArgumentError("the stream has ended before", { code: "argument.used_up" });
    this.#ended = true;
    const rest = this.#half === "" ? undefined : this.#released(guard(() => this.#native.push(this.#half)));
    const end = this.#released(guard(() => this.#native.finish()));
    if (rest === undefined) return end;
    return { text: rest.text + end.text, findings: [...rest.findings, ...end.findings] };
  }

  /** How many bytes are held back now. */
  get heldBack(): number {
    return this.#native.heldBack();
  }

  #released(text: string): Redaction {
    const release = JSON.parse(text) as Redaction;
    if (this.#onFinding !== undefined) release.findings.forEach(this.#onFinding);
    return release;
  }
}

/** A Web stream that masks text on its way through: `response.pipeThrough(new TextDecoderStream()).pipeThrough(...)`. */
export function scanningStream(options: StreamScannerOptions = {}): TransformStream<string, string> {
  const scanner = new StreamScanner(options);
  return new TransformStream({
    transform(piece, controller) {
      const { text } = scanner.push(piece);
      if (text !== "") controller.enqueue(text);
    },
    flush(controller) {
      const { text } = scanner.finish();
      if (text !== "") controller.enqueue(text);
    },
  });
}
