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
export declare class Scanner {
    #private;
    constructor(options?: ScannerOptions);
    /** Everything found, by place. */
    scan(text: string): ScanFinding[];
    /** The text with findings replaced by their markers. */
    redact(text: string): Redaction;
    /** As `scan`, on another thread where there is one. For long texts. */
    scanAsync(text: string): Promise<ScanFinding[]>;
    /** As `redact`, on another thread where there is one. */
    redactAsync(text: string): Promise<Redaction>;
}
/** Judges a text for prompt injection and jailbreaks. */
export declare function judge(text: string, source?: Source): Judgement;
/** As `judge`, on another thread where there is one. */
export declare function judgeAsync(text: string, source?: Source): Promise<Judgement>;
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
export declare class StreamScanner {
    #private;
    constructor({ mode, onFinding, ...options }?: StreamScannerOptions);
    /** Takes the next piece and gives what may go out now. */
    push(piece: string): Redaction;
    /** Ends the stream and gives all that was held back. */
    finish(): Redaction;
    /** How many bytes are held back now. */
    get heldBack(): number;
}
/** A Web stream that masks text on its way through: `response.pipeThrough(new TextDecoderStream()).pipeThrough(...)`. */
export declare function scanningStream(options?: StreamScannerOptions): TransformStream<string, string>;
