// The engine itself, as the addon and the WebAssembly module both offer it: texts and numbers only. One of
// the two is chosen by the package's entry; everything else in this folder works with either.

/** No answer. @internal */
export const NOTHING = 0xffff_ffff;

/** @internal */
export interface NativeEngine {
  /** `done` is the answer of a decision that can be let go, or `NOTHING`. */
  decide(request: string, now: number, done: number): number;
  decideAsync?(request: string, now: number): Promise<number>;
  assess(request: string, now: number): NativeAssessment;
  document(answer: number): string;
  explanation(answer: number): string;
  smallestChange(answer: number): string;
  forget(answer: number): void;
  kept(): number;
  findings(): string;
  free?(): void;
}

/** @internal */
export interface NativeAssessment {
  batch(): string | null | undefined;
  conclude(outcome?: string): number;
  fail(why: string): number;
  free?(): void;
}

/** @internal */
export interface NativeLedger {
  apply(batch: string): string;
  settle(reservation: string, usage: string, now: number): string;
  release(reservation: string, now: number): string;
  record(spent: string, at: number): void;
  snapshot(now: number): string;
  size(): number;
  free?(): void;
}

/** @internal */
export interface NativeScanner {
  scan(text: string): string;
  redact(text: string): string;
  scanAsync?(text: string): Promise<string>;
  redactAsync?(text: string): Promise<string>;
  free?(): void;
}

/** @internal */
export interface NativeStream {
  push(piece: string): string;
  finish(): string;
  heldBack(): number;
  free?(): void;
}

/** @internal */
export interface NativeSigningKey {
  id(): string;
  publicKey(): Uint8Array | number[] | null | undefined;
  mint(claims: string): string;
  free?(): void;
}

/** @internal */
export interface NativeKeyRing {
  trustHmac(id: string, secret: Uint8Array): void;
  trustEd25519(id: string, publicKey: Uint8Array): void;
  trust(key: NativeSigningKey): void;
  remove(id: string): boolean;
  ids(): string;
  verify(token: string, purpose: string, now: number, maxAgeSeconds?: number): string;
  copy(): NativeKeyRing;
  free?(): void;
}

/** @internal */
export interface Native {
  Engine: {
    fromText(text: string, options: string, ledger: NativeLedger, keys?: NativeKeyRing): NativeEngine;
    fromPolicies(list: string, options: string, ledger: NativeLedger, keys?: NativeKeyRing): NativeEngine;
  };
  Ledger: { create(options: string): NativeLedger; restore(options: string, snapshot: string): NativeLedger };
  Scanner: { create(options: string): NativeScanner };
  Stream: { create(options: string, mask: boolean): NativeStream };
  SigningKey: {
    hmac(id: string, secret: Uint8Array): NativeSigningKey;
    ed25519(id: string, seed: Uint8Array): NativeSigningKey;
  };
  KeyRing: { create(): NativeKeyRing };
  judge(text: string, source: string): string;
  judgeAsync?(text: string, source: string): Promise<string>;
  validate(text: string, name: string): string;
  policyTypes(): string;
  diff(before: string, after: string): string;
  testPolicies(text: string, options: string, keys?: NativeKeyRing): string;
  verifyAudit(bundle: Uint8Array, options: string): string;
  auditDigest(value: string): string;
}

let chosen: Native | undefined;

/** @internal */
export function use(native: Native): void {
  if (chosen !== undefined && chosen !== native) {
    throw new Error("another engine is loaded already: use `@zentinelle/wasm` or `@zentinelle/wasm/lite`, not both");
  }
  chosen = native;
}

/** @internal */
export function native(): Native {
  if (chosen === undefined) {
    throw new Error("the engine is not loaded yet: call `await init()` of `@zentinelle/wasm/web` first");
  }
  return chosen;
}
