// What every build offers, the small one of WebAssembly too, whichever engine stands behind it.

export { argumentsDigest, KeyRing, SigningKey } from "./approvals.js";
export type { Claims, Purpose, VerifyOptions } from "./approvals.js";
export * from "./client/index.js";
export { Decision } from "./decision.js";
export { Assessment, Engine } from "./engine.js";
export type { EngineOptions, Finding, Request, StoredPolicy } from "./engine.js";
export {
  ApprovalError,
  ArgumentError,
  InternalError,
  LedgerError,
  PolicyError,
  RequestError,
  ZentinelleError,
} from "./errors.js";
export type { ErrorDetails, Problem } from "./errors.js";
export { PolicyDeniedError } from "./integrations/guard.js";
export type { GuardOptions, Identity } from "./integrations/guard.js";
export { MemoryLedger } from "./ledger.js";
export type {
  AsyncLedger,
  Batch,
  Counter,
  MemoryLedgerOptions,
  Outcome,
  Settlement,
  Snapshot,
  Usage,
  Window,
} from "./ledger.js";
export { RedisLedger } from "./redis.js";
export type { RedisLedgerOptions, RunScript } from "./redis.js";
export type { Instant } from "./time.js";
export type {
  Agent,
  DecisionDocument,
  Effect,
  Enforcement,
  Obligation,
  Policy,
  PolicyEvaluation,
  Posting,
  Scope,
} from "./wire.js";
