// Measures deciding in Node, with the addon and with WebAssembly, beside Cedar and casbin, in one run: rounds of all
// contestants in turn, medians over rounds, so that whatever else the machine does hits everybody. `--quick` makes few
// rounds. Writes benches/node/RESULTS.md unless `--quick`.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { execFileSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { casbin, cedar, check, QUESTIONS, zentinelle } from "./scenario.mjs";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 5 : 9;
const BATCH = 20;
const BATCHES = quick ? 50 : 250;

const addon = await import("../../zentinelle-node/dist/esm/index.js");
const wasm = await import("../../zentinelle-wasm/dist/esm/wasm-node.js");
if (addon.engineKind !== "addon") throw new Error("the addon is not there: run scripts/node.sh --build");

const NOON = Date.parse("2026-03-11T12:00:00Z");
const yaml = readFileSync(new URL("../policies.yaml", import.meta.url), "utf8");
// The first ten look at names, numbers and times; see the file.
const TEN = yaml.slice(0, yaml.indexOf("  - name: network"));
const request = {
  action: "tool_call",
  user_id: "alice",
  context: {
    tool_name: "crm_search",
    model: "gpt-5",
    provider: "openai",
    input_tokens: 1200,
    output_tokens: 300,
    estimated_cost_usd: 0.02,
    datasource: "crm",
    data_type: "internal",
    data_encrypted: true,
    session_id: "s-1",
  },
};

function deciding({ Engine }, more = () => undefined) {
  const engine = Engine.fromYaml(TEN, { tenantId: "acme", agentId: "agent-1", clock: () => NOON });
  const first = engine.decide(request);
  const { policies_evaluated: asked } = first.document;
  if (!first.allowed || asked.length !== 10) throw new Error(`the question is answered wrongly: ${first.reason}`);
  return () => {
    const decision = engine.decide(request);
    more(decision);
    decision.dispose();
    return decision.allowed;
  };
}

const engines = { addon: addon.Engine.fromYaml(TEN), wasm: wasm.Engine.fromYaml(TEN) };
const rivals = { "zentinelle, addon": zentinelle(addon), "zentinelle, WebAssembly": zentinelle(wasm), "cedar-wasm, stateful": cedar(), "casbin for Node": await casbin() };
for (const [name, ask] of Object.entries(rivals)) check(name, ask);

let turn = 0;
const asking = (ask) => () => ask(QUESTIONS[turn++ % QUESTIONS.length]);
const contestants = {
  "10 policies, 10 facts: addon": deciding(addon),
  "10 policies, 10 facts: WebAssembly": deciding(wasm),
  "the same and its document: addon": deciding(addon, (decision) => decision.document),
  "the same and its document: WebAssembly": deciding(wasm, (decision) => decision.document),
  "floor, writing the request as JSON": () => JSON.stringify(request),
  "floor, an empty call: addon": () => engines.addon.kept,
  "floor, an empty call: WebAssembly": () => engines.wasm.kept,
  ...Object.fromEntries(Object.entries(rivals).map(([name, ask]) => [`scenario: ${name}`, asking(ask)])),
};

/** Microseconds of one call, for each of many batches. */
function measure(call) {
  const found = new Float64Array(BATCHES);
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const start = performance.now();
    for (let i = 0; i < BATCH; i += 1) call();
    found[batch] = ((performance.now() - start) * 1000) / BATCH;
  }
  return found;
}

const figures = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
for (let round = -2; round < ROUNDS; round += 1) {
  for (const [name, call] of Object.entries(contestants)) {
    const found = measure(call);
    if (round >= 0) figures[name].push(...found); // the first two warm up
  }
}

const quantile = (name, part) => {
  const sorted = Float64Array.from(figures[name]).sort();
  return sorted[Math.floor((sorted.length - 1) * part)];
};
const p50 = (name) => quantile(name, 0.5);
const shown = (microseconds) => (microseconds < 1 ? `${Math.round(microseconds * 1000)} ns` : `${microseconds.toFixed(2)} µs`);
const targets = { "10 policies, 10 facts: addon": 6, "10 policies, 10 facts: WebAssembly": 15 };
const rows = Object.keys(contestants).map((name) => {
  const target = targets[name];
  const met = target === undefined ? "" : `${target} µs: ${p50(name) <= target ? "met" : "**missed**"}`;
  return `| ${name} | ${shown(p50(name))} | ${shown(quantile(name, 0.95))} | ${met} |`;
});
const ratios = ["addon", "WebAssembly"].flatMap((kind) =>
  ["cedar-wasm, stateful", "casbin for Node"].map((rival) => {
    const ratio = p50(`scenario: ${rival}`) / p50(`scenario: zentinelle, ${kind}`);
    return `| ${kind} than ${rival} | **${ratio.toFixed(1)} times faster** | | 5 times: ${ratio >= 5 ? "met" : "**missed**"} |`;
  }),
);
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
const commit = execFileSync("git", ["rev-parse", "--short=12", "HEAD"], { encoding: "utf8" }).trim();
const load = readFileSync("/proc/loadavg", "utf8").split(" ")[0];
const report = `# Deciding from JavaScript

Written by \`scripts/bench-node.sh\`; do not edit. Medians and 95th percentiles over ${ROUNDS} rounds of all contestants in turn.

- ${cpus()[0].model.trim()}, ${cpus().length} cores; Node ${process.version}; commit ${commit}
- load of the machine at the end: ${load}; beside other work, figures are higher and ratios hold
- @cedar-policy/cedar-wasm ${version("@cedar-policy/cedar-wasm")} (stateful: policies parsed once), casbin ${version("casbin")} (\`enforceSync\`); every engine answers all 108 questions alike before it is timed
- every decision of ours is disposed of at once, and has its reasons; a question is a JavaScript object made for the call

| measured | median | 95 % | target |
|---|---|---|---|
${[...rows, ...ratios].join("\n")}
`;
console.log(report);
if (!quick) writeFileSync(new URL("RESULTS.md", import.meta.url), report);
