export * from "./api-lite.js";
export { verifyAudit } from "./audit.js";
export type { AuditExpectations, AuditFault, AuditReport } from "./audit.js";
export { diffPolicies, jsonSchema, policyTypes, replay, testPolicies, validatePolicies } from "./policies.js";
export type { PolicyChange, PolicyTypeInfo, Replay, ReplayedChange, SchemaName, TestOutcome, Validation, } from "./policies.js";
export { judge, judgeAsync, Scanner, scanningStream, StreamScanner } from "./scanner.js";
export type { Category, Judgement, Redaction, ScanFinding, ScannerOptions, Source, StreamScannerOptions, } from "./scanner.js";
