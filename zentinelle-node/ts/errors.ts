/** A problem of a policy document, with its place in the text. */
export interface Problem {
  severity: "error" | "warning";
  /** The stable code. */
  code: string;
  /** What is wrong, for people. */
  message: string;
  /** Where in the value, as a JSON Pointer. */
  pointer: string;
  /** First line, from one. */
  line?: number;
  /** First column, from one, in characters. */
  column?: number;
  end_line?: number;
  end_column?: number;
  /** Where the problem starts in the text, as JavaScript indexes it. */
  start?: number;
  /** Where it ends. */
  end?: number;
  /** What to do about it. */
  help?: string;
}

interface Fault {
  class: "policy" | "request" | "ledger" | "approval" | "argument" | "internal";
  code: string;
  message: string;
  pointer?: string;
  help?: string;
  problems?: Problem[];
}

/** Details of an error. */
export interface ErrorDetails {
  /** The stable, machine-readable code. */
  code: string;
  /** Where, as a JSON Pointer into what was given. Empty for the whole. */
  pointer?: string | undefined;
  /** What to do about it. */
  help?: string | undefined;
  cause?: unknown;
}

/** Whatever goes wrong in this package. A denial is a decision and never one of these. */
export class ZentinelleError extends Error {
  /** The stable, machine-readable code. */
  readonly code: string;
  /** Where, as a JSON Pointer into what was given. Empty for the whole. */
  readonly pointer: string;
  /** What to do about it, where there is something to say. */
  readonly help: string | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.pointer = details.pointer ?? "";
    this.help = details.help;
  }
}

/** A policy document, or a stored policy, that cannot be used. */
export class PolicyError extends ZentinelleError {
  /** Every problem of the document, warnings included. */
  readonly problems: readonly Problem[];

  constructor(message: string, details: ErrorDetails & { problems?: readonly Problem[] | undefined }) {
    super(message, details);
    this.problems = details.problems ?? [];
  }
}

/** A request that cannot be read. Nothing was decided and nothing was spent. */
export class RequestError extends ZentinelleError {}

/** A ledger that cannot count, or that was given something it cannot keep. */
export class LedgerError extends ZentinelleError {}

/** An approval that is not accepted, or a key that cannot be used. */
export class ApprovalError extends ZentinelleError {}

/** An option of a call that makes no sense, or something used after it was disposed of. */
export class ArgumentError extends ZentinelleError {}

/** A mistake of this package. */
export class InternalError extends ZentinelleError {}

/** What the engine threw, as an error class. @internal */
export function toError(thrown: unknown): unknown {
  const text = typeof thrown === "string" ? thrown : thrown instanceof Error ? thrown.message : "";
  if (!text.startsWith('{"class":')) return thrown;
  const { class: kind, message, ...details } = JSON.parse(text) as Fault;
  switch (kind) {
    case "policy":
      return new PolicyError(message, details);
    case "request":
      return new RequestError(message, details);
    case "ledger":
      return new LedgerError(message, details);
    case "approval":
      return new ApprovalError(message, details);
    case "argument":
      return new ArgumentError(message, details);
    case "internal":
      return new InternalError(message, details);
  }
}

/** Calls the engine, and turns a fault it throws into an error class. @internal */
export function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw toError(thrown);
  }
}

/** As `guard`, for calls that end later. @internal */
export async function guardAsync<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw toError(thrown);
  }
}
