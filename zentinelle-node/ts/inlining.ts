import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8 11, which is Node 20, from inlining calls into WebAssembly: it can end the whole process with a fatal error
 * when it takes such a call back. Deciding is as fast without. Later versions inline in another way.
 *
 * @internal
 */
export function keepCallsWhole(): void {
  const { v8 = "", bun, deno } = process.versions;
  if (v8.startsWith("11.") && bun === undefined && deno === undefined) {
    setFlagsFromString("--no-turbo-inline-js-wasm-calls");
  }
}
