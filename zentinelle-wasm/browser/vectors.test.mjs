// Every shared vector in a real browser, compared with Rust's decisions byte by byte.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { complaints, launch, root, serve } from "./harness.mjs";

test("every vector is decided in Chromium as Rust decides it", async (t) => {
  const decisions = process.env.ZENTINELLE_DECISIONS;
  assert.ok(decisions, "ZENTINELLE_DECISIONS does not name the file of Rust's decisions: run scripts/wasm.sh");
  const folder = mkdtempSync(join(tmpdir(), "zentinelle-vectors-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const fixtures = join(root, "fixtures/vectors");
  const names = readdirSync(fixtures, { recursive: true }).filter((name) => name.endsWith(".jsonl"));
  const vectors = join(folder, "vectors.jsonl");
  writeFileSync(vectors, names.map((name) => readFileSync(join(fixtures, name), "utf8")).join("\n"));

  const site = await serve(root, { "/vectors.jsonl": vectors, "/decisions.jsonl": decisions });
  const browser = await launch();
  t.after(() => browser.close().then(site.stop));
  const page = await browser.newPage();
  const errors = complaints(page);
  await page.goto(`${site.url}/zentinelle-wasm/browser/vectors.html`);
  await page.waitForFunction(() => window.found?.streamed !== undefined, undefined, { timeout: 120_000 }).catch(() => {});
  assert.deepEqual(errors, []);
  const { report, found } = await page.evaluate(() => ({ report: window.report, found: window.found }));
  t.diagnostic(`vectors: ${report.cases} cases, ${report.steps} decisions, ${report.drift.length} drift, Chromium ${browser.version()}`);
  assert.ok(report.cases > 600);
  assert.deepEqual(report.drift, [], "the list of known drift is empty and stays so");
  assert.deepEqual(found, {
    redacted: "🦀 write to [REDACTED:email]",
    verdict: "malicious",
    streamed: "write to [REDACTED:email]",
  });
});
