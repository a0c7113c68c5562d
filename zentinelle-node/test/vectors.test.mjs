import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { api } from "./support.mjs";
import { runVectors } from "./vectors.mjs";

const fixtures = new URL("../../fixtures/vectors/", import.meta.url);

/** Every vector, and Rust's decisions about them, as `scripts/node.sh` had them written. */
export function load() {
  const names = readdirSync(fixtures, { recursive: true }).filter((name) => name.endsWith(".jsonl"));
  const vectors = names.map((name) => readFileSync(new URL(name, fixtures), "utf8")).join("\n");
  const decisions = process.env.ZENTINELLE_DECISIONS;
  assert.ok(decisions, "ZENTINELLE_DECISIONS does not name the file of Rust's decisions: run scripts/node.sh");
  return [vectors, readFileSync(decisions, "utf8")];
}

test("every vector is decided as Rust decides it, byte by byte", (t) => {
  const { cases, steps, drift } = runVectors(api, ...load());
  t.diagnostic(`vectors: ${cases} cases, ${steps} decisions, ${drift.length} drift`);
  assert.ok(cases > 600, "hardly any vectors were found: an empty run proves nothing");
  for (const { id, ours, rust } of drift.slice(0, 5)) {
    const at = [...ours].findIndex((letter, index) => letter !== rust[index]);
    console.error(`${id}\n  ours ${ours.slice(Math.max(0, at - 80), at + 120)}\n  rust ${rust.slice(Math.max(0, at - 80), at + 120)}`);
  }
  assert.deepEqual(drift.map(({ id }) => id), [], "the list of known drift is empty and stays so");
});
