import type { KeyRing } from "./approvals.js";
import { type Engine, type Request } from "./engine.js";
import { type Problem, type ZentinelleError } from "./errors.js";
import type { DecisionDocument, Policy } from "./wire.js";
/** What a policy document holds, and everything wrong with it. */
export interface Validation {
    /** Whether the document can be used. */
    usable: boolean;
    /** In the order of the text. */
    problems: Problem[];
    /** The problems as a terminal shows them. */
    rendered: string;
    policies: {
        id: string;
        name: string;
        type: string;
        scope: Policy["scope"];
        whom: string;
    }[];
    /** How many tests the document carries. */
    tests: number;
}
/** Checks a policy document, with every problem in one go. */
export declare function validatePolicies(document: string, name?: string): Validation;
/** Names of the JSON Schemas. */
export type SchemaName = "agent" | "agent_group" | "decision" | "event" | "policy" | "policy_document" | "policy_set" | "request" | "request_document";
/** A JSON Schema (draft 2020-12), for editors that complete and check. */
export declare function jsonSchema(name?: SchemaName): Record<string, unknown>;
/** One of the types of policy. */
export interface PolicyTypeInfo {
    name: string;
    summary: string;
    /** Every code a policy of this type can give. */
    codes: string[];
}
/** The types of policy there are. */
export declare function policyTypes(): PolicyTypeInfo[];
/** What changes in one policy. */
export interface PolicyChange {
    change: "added" | "removed" | "changed";
    id: string;
    name: string;
    type: string;
    scope: Policy["scope"];
    /** Whom it is about, in words. */
    whom: string;
    /** What changes, one sentence each. */
    sentences?: string[];
    /** All of it, as lines for people. */
    text: string;
}
/** What changes from one policy document to another, in words. */
export declare function diffPolicies(before: string, after: string): PolicyChange[];
/** What became of a test that a policy document carries. */
export interface TestOutcome {
    name: string;
    passed: boolean;
    expected: string;
    /** Why the test's request is unusable. */
    fault?: Pick<ZentinelleError, "code" | "message" | "pointer" | "help">;
    /** What was decided instead. */
    decision?: DecisionDocument;
    explanation?: string;
}
/** Runs the tests that a policy document carries under `tests:`. */
export declare function testPolicies(document: string, { tenantId, approvals }?: {
    tenantId?: string;
    approvals?: KeyRing;
}): TestOutcome[];
/** One request whose answer changes. */
export interface ReplayedChange {
    /** Where the request stands in the list that was given. */
    position: number;
    request: Request;
    before: DecisionDocument;
    after: DecisionDocument;
}
/** What other policies would have decided. */
export interface Replay {
    requests: number;
    before: {
        permitted: number;
        denied: number;
    };
    after: {
        permitted: number;
        denied: number;
    };
    newlyDenied: ReplayedChange[];
    newlyAllowed: ReplayedChange[];
}
/**
 * Decides recorded requests with two engines and tells what changes. Requests are taken in the order of their
 * times; one without a time happened when the one before it did. Give both engines ledgers of their own, so
 * that each counts from where you want it to.
 */
export declare function replay(requests: readonly Request[], before: Engine, after: Engine): Replay;
