// A policy while it is written. The text is the policy; the form reads it and changes it in place, so that
// comments and order stay.
import { parseDocument, isMap, isScalar, type Document, stringify } from "yaml";
import type { PolicyDraftInput } from "./gql/graphql";

export type Path = readonly (string | number)[];

export interface Draft {
  name: string;
  description: string;
  policyType: string;
  scopeType: string;
  scopeTarget: string;
  enforcement: string;
  priority: number;
  enabled: boolean;
  config: Record<string, unknown>;
}

export interface Reading {
  draft?: Draft;
  problem?: { message: string; start?: number; end?: number };
}

function scopeText(type: string, target: string): string {
  return type === "organization" || !target ? type : `${type}:${target}`;
}

/** The policy as a document writes it. */
export function toText(draft: Draft): string {
  const { name, description, policyType, scopeType, scopeTarget, enforcement, priority, enabled, config } = draft;
  return stringify({ name, ...(description ? { description } : {}), type: policyType, scope: scopeText(scopeType, scopeTarget), enforcement, priority, enabled, config }, { lineWidth: 100 });
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === null || value === undefined ? "" : String(value);
}

export function read(source: string): Reading {
  const document = parseDocument(source);
  const [fault] = document.errors;
  if (fault) return { problem: { message: fault.message.split("\n")[0] ?? fault.message, start: fault.pos[0], end: fault.pos[1] } };
  const held: unknown = document.toJS();
  if (!isMap(document.contents) || typeof held !== "object" || held === null) return { problem: { message: "" } };
  const found = held as Record<string, unknown>;
  const { scope } = found;
  let [scopeType, scopeTarget] = ["organization", ""];
  if (typeof scope === "string" && scope) {
    const at = scope.indexOf(":");
    [scopeType, scopeTarget] = at < 0 ? [scope, ""] : [scope.slice(0, at), scope.slice(at + 1).trim()];
  } else if (typeof scope === "object" && scope !== null) {
    const given = scope as Record<string, unknown>;
    [scopeType, scopeTarget] = [text(given.type) || "organization", text(given.id)];
  }
  return {
    draft: {
      name: text(found.name), description: text(found.description), policyType: text(found.type), scopeType, scopeTarget,
      enforcement: text(found.enforcement) || "enforce", priority: Number(found.priority ?? 0) || 0, enabled: found.enabled !== false,
      config: typeof found.config === "object" && found.config !== null && !Array.isArray(found.config) ? (found.config as Record<string, unknown>) : {},
    },
  };
}

function printed(document: Document): string {
  return document.toString({ lineWidth: 100 });
}

/** The text with one value changed, or taken away with `undefined`. */
export function changeAt(source: string, path: Path, value: unknown): string {
  const document = parseDocument(source);
  if (document.errors.length > 0 || !isMap(document.contents)) return source;
  if (value === undefined) {
    document.deleteIn(path);
    return printed(document);
  }
  // A part that is null or missing on the way becomes a map of its own.
  for (let depth = 1; depth < path.length; depth += 1) {
    const part = path.slice(0, depth);
    const node = document.getIn(part, true);
    if (node === undefined || node === null || (isScalar(node) && node.value === null)) document.setIn(part, document.createNode(typeof path[depth] === "number" ? [] : {}));
    else if (isMap(node) && node.items.length === 0) node.flow = false;
  }
  document.setIn(path, typeof value === "object" && value !== null ? document.createNode(value) : value);
  return printed(document);
}

export function changeScope(source: string, type: string, target: string): string {
  return changeAt(source, ["scope"], scopeText(type, target));
}

/** Where a value stands in the text; the nearest value above it where it is missing. */
export function placeOf(source: string, path: readonly string[]): { start: number; end: number } | undefined {
  const document = parseDocument(source);
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return { start: node.range[0], end: node.range[1] };
  }
  return undefined;
}

export function toInput(draft: Draft, id?: string): PolicyDraftInput {
  return {
    ...(id ? { id } : {}), name: draft.name, description: draft.description, policyType: draft.policyType, scopeType: draft.scopeType,
    scopeTarget: draft.scopeTarget || null, enforcement: draft.enforcement, priority: draft.priority, enabled: draft.enabled, config: draft.config,
  };
}

const NAMES: Record<string, string> = { policyType: "type", scopeType: "scope", scopeTarget: "scope", scopeUserId: "scope", scopeEndpointId: "scope" };

/** A problem's path as the document writes it. */
export function documentPath(path: readonly string[]): string[] {
  const [first, ...rest] = path[0] === "input" ? path.slice(1) : path;
  return first === undefined ? [] : [NAMES[first] ?? first, ...rest];
}
