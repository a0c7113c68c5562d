// The package under test: the compiled entry of this package, or what `ZENTINELLE_TEST_ENTRY` names. The same
// tests run against the addon, against its WebAssembly fallback and against @zentinelle/wasm.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const entry = process.env.ZENTINELLE_TEST_ENTRY ?? new URL("../dist/esm/index.js", import.meta.url).pathname;

/** @type {typeof import("../dist/esm/index.js")} */
export const api = await import(pathToFileURL(resolve(entry)).href);

/** 2026-03-11T12:00:00Z, a Wednesday. */
export const NOON = Date.parse("2026-03-11T12:00:00Z");

export const NO_SHELL = `
policies:
  - name: no shells
    type: tool_permission
    config: { denied_tools: [shell] }
`;

/** An engine whose clock stands still at noon. */
export function engineOf(document, options = {}) {
  return api.Engine.fromYaml(document, { tenantId: "acme", agentId: "agent-1", clock: () => NOON, ...options });
}

/** A tool call. */
export function call(tool, more = {}) {
  return { action: "tool_call", context: { tool_name: tool }, ...more };
}
