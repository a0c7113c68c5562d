import type { KeyRing } from "./approvals.js";
import { type Engine, type Request } from "./engine.js";
import { ArgumentError, guard, type Problem, type ZentinelleError } from "./errors.js";
import { native } from "./native.js";
import { SCHEMAS } from "./schemas.js";
import { milliseconds } from "./time.js";
import type { DecisionDocument, Policy } from "./wire.js";

/** What a policy document holds, and everything wrong with it. */
export interface Validation {
  /** Whether the document can be used. */
  usable: boolean;
  /** In the order of the text. */
  problems: Problem[];
  /** The problems as a terminal shows them. */
  rendered: string;
  policies: { id: string; name: string; type: string; scope: Policy["scope"]; whom: string }[];
  /** How many tests the document carries. */
  tests: number;
}

/** Checks a policy document, with every problem in one go. */
export function validatePolicies(document: string, name = "policies.yaml"): Validation {
  return JSON.parse(guard(() => native().validate(document, name))) as Validation;
}

/** Names of the JSON Schemas. */
export type SchemaName =
  | "agent"
  | "agent_group"
  | "decision"
  | "event"
  | "policy"
  | "policy_document"
  | "policy_set"
  | "request"
  | "request_document";

/** A JSON Schema (draft 2020-12), for editors that complete and check. */
export function jsonSchema(name: SchemaName = "policy_document"): Record<string, unknown> {
  const text = Object.hasOwn(SCHEMAS, name) ? SCHEMAS[name] : undefined;
  if (text === undefined) {
    throw new ArgumentError(`there is no schema \`${name}\``, {
      code: "argument.unknown_schema",
      help: `expected one of ${Object.keys(SCHEMAS).join(", ")}`,
    });
  }
  return JSON.parse(text) as Record<string, unknown>;
}

/** One of the types of policy. */
export interface PolicyTypeInfo {
  name: string;
  summary: string;
  /** Every code a policy of this type can give. */
  codes: string[];
}

/** The types of policy there are. */
export function policyTypes(): PolicyTypeInfo[] {
  return JSON.parse(guard(() => native().policyTypes())) as PolicyTypeInfo[];
}

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
export function diffPolicies(before: string, after: string): PolicyChange[] {
  return JSON.parse(guard(() => native().diff(before, after))) as PolicyChange[];
}

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
export function testPolicies(
  document: string,
  { tenantId, approvals }: { tenantId?: string; approvals?: KeyRing } = {},
): TestOutcome[] {
  const options = JSON.stringify({ tenant_id: tenantId });
  return JSON.parse(guard(() => native().testPolicies(document, options, approvals?.native.copy()))) as TestOutcome[];
}

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
  before: { permitted: number; denied: number };
  after: { permitted: number; denied: number };
  newlyDenied: ReplayedChange[];
  newlyAllowed: ReplayedChange[];
}

/**
 * Decides recorded requests with two engines and tells what changes. Requests are taken in the order of their
 * times; one without a time happened when the one before it did. Give both engines ledgers of their own, so
 * that each counts from where you want it to.
 */
export function replay(requests: readonly Request[], before: Engine, after: Engine): Replay {
  let last = 0;
  const timed = requests.map((request, position) => {
    last = request.now === undefined ? last : milliseconds(request.now);
    return { position, request, now: last };
  });
  timed.sort((a, b) => a.now - b.now || a.position - b.position);
  const found: Replay = {
    requests: requests.length,
    before: { permitted: 0, denied: 0 },
    after: { permitted: 0, denied: 0 },
    newlyDenied: [],
    newlyAllowed: [],
  };
  for (const { position, request, now } of timed) {
    const asked = { ...request, now };
    const then = before.decide(asked);
    const nowadays = after.decide(asked);
    found.before[then.allowed ? "permitted" : "denied"] += 1;
    found.after[nowadays.allowed ? "permitted" : "denied"] += 1;
    if (then.allowed !== nowadays.allowed) {
      const list = nowadays.allowed ? found.newlyAllowed : found.newlyDenied;
      list.push({ position, request, before: then.document, after: nowadays.document });
    }
    then.dispose();
    nowadays.dispose();
  }
  return found;
}
