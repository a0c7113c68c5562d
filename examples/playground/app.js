// The playground: text fields in, the engine's answers out. All judgement is the engine's.

import {
  diffPolicies,
  Engine,
  init,
  judge,
  MemoryLedger,
  PolicyError,
  Scanner,
  validatePolicies,
  ZentinelleError,
} from "./vendor/dist/esm/wasm-web.js";
import { EXAMPLES } from "./examples.js";

const $ = (id) => document.getElementById(id);
const WAIT_MS = 120;
let example = EXAMPLES[0];
let scanner;

/** An element with text in it; never markup, since much of the text is the reader's. */
function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function debounced(run) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, WAIT_MS);
  };
}

/** Underlines parts of a text field, on a copy of its text behind it. */
function mark(field, layer, spans) {
  const text = field.value;
  const parts = [];
  let at = 0;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    if (start < at) continue;
    parts.push(text.slice(at, start), element("mark", text.slice(start, Math.max(end, start + 1)) || " "));
    at = Math.max(end, start + 1);
  }
  layer.replaceChildren(...parts, text.slice(at), "\n\n");
  follow(field, layer);
}

function follow(field, ...layers) {
  for (const layer of layers) {
    layer.scrollTop = field.scrollTop;
    layer.scrollLeft = field.scrollLeft;
  }
}

function showPolicies() {
  const field = $("policies");
  const { usable, problems, policies, tests } = validatePolicies(field.value);
  $("policies-lines").textContent = field.value.split("\n").map((_, index) => index + 1).join("\n");
  mark(field, $("policies-marks"), problems.filter((problem) => problem.start !== undefined));
  follow(field, $("policies-lines"));

  const state = $("policies-state");
  const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;
  state.textContent = usable
    ? [count(policies.length, "policy").replace("policys", "policies"), tests > 0 ? count(tests, "test") : ""].filter(Boolean).join(", ")
    : count(problems.length, "problem");
  state.className = `state ${usable ? (problems.length > 0 ? "warn" : "good") : "bad"}`;
  field.setAttribute("aria-invalid", String(!usable));

  $("problems").replaceChildren(
    ...problems.map((problem) => {
      const button = element("button", `${problem.line === undefined ? "" : `Line ${problem.line}: `}${problem.message}`, problem.severity);
      button.type = "button";
      if (problem.help) button.append(element("small", problem.help));
      button.addEventListener("click", () => {
        field.focus();
        field.setSelectionRange(problem.start ?? 0, problem.end ?? 0);
        field.scrollTop = ((problem.line ?? 1) - 4) * 21;
      });
      const item = element("li");
      item.append(button);
      return item;
    }),
  );

  let changes = [];
  try {
    changes = diffPolicies(example.policies, field.value);
    $("changes-text").textContent = changes.map((change) => change.text).join("\n") || "none";
  } catch {
    $("changes-text").textContent = "Mend the problems first.";
  }
  $("changes-count").textContent = changes.length > 0 ? `(${changes.length})` : "";
}

/** Where a JSON text breaks off, as far as the browser says it. */
function showRequestProblem(message, help) {
  const place = $("request-problem");
  place.hidden = message === undefined;
  place.replaceChildren(message ?? "");
  if (help) place.append(element("small", help));
  $("request").setAttribute("aria-invalid", String(message !== undefined));
}

function decide() {
  const shown = $("decision");
  let request;
  try {
    request = JSON.parse($("request").value);
    showRequestProblem();
  } catch (error) {
    showRequestProblem(`This is not JSON: ${error.message}`);
    return undecided("The request cannot be read.");
  }
  let decision;
  try {
    const engine = Engine.fromYaml($("policies").value, { ledger: new MemoryLedger() });
    const times = Math.min(Math.max(Number($("times").value) || 1, 1), 1000);
    for (let asked = 1; asked < times; asked += 1) engine.decide(request).dispose();
    decision = engine.decide(request);
  } catch (error) {
    if (!(error instanceof ZentinelleError)) throw error;
    if (error instanceof PolicyError) return undecided("The policies have problems.");
    showRequestProblem(`${error.message}${error.pointer ? ` (${error.pointer})` : ""}`, error.help);
    return undecided("The request cannot be read.");
  }
  const { document: found } = decision;
  const effect = $("effect");
  const words = { permit: "Permit", deny: "Deny", no_policy: "No policy" };
  effect.textContent = words[decision.effect];
  effect.className = `effect ${decision.allowed ? "good" : "bad"}`;
  shown.dataset.effect = decision.effect;
  $("reason").textContent = decision.reason ?? (decision.allowed ? "Go on." : "No policy applies to this agent and user.");

  const facts = [];
  if (decision.code) facts.push(element("li", decision.code, "bad"));
  facts.push(element("li", `risk ${found.risk_score} of 100`));
  if (decision.retryAt) facts.push(element("li", `again at ${decision.retryAt.toISOString()}`, "warn"));
  for (const warning of decision.warnings) facts.push(element("li", warning, "warn"));
  for (const obligation of decision.obligations) facts.push(element("li", `you must: ${obligation.type.replace("_", " ")}`, "warn"));
  $("facts").replaceChildren(...facts);

  $("said").replaceChildren(
    ...found.policies_evaluated.map((policy) => {
      const row = element("tr");
      const said = policy.passed ? (policy.applicable ? "yes" : "nothing to say") : (policy.message ?? "no");
      const kind = policy.passed ? (policy.applicable ? "said-yes" : "said-nothing") : "said-no";
      const warns = policy.warnings > 0 ? `, ${policy.warnings} warnings` : "";
      row.append(element("td", policy.name), element("td", policy.type), element("td", said + warns, kind));
      return row;
    }),
  );
  $("explanation").textContent = decision.explain().trimEnd();
  $("json").textContent = JSON.stringify(found, null, 2);
  decision.dispose();
}

function undecided(why) {
  $("effect").textContent = "Not decided";
  $("effect").className = "effect warn";
  $("decision").dataset.effect = "";
  $("reason").textContent = why;
  for (const id of ["facts", "said", "explanation", "json"]) $(id).replaceChildren();
}

function scan() {
  const { value } = $("text");
  const { text, findings } = scanner.redact(value);
  const parts = text.split(/(\[REDACTED:[a-z0-9_]+\])/);
  $("redacted").replaceChildren(...parts.map((part, index) => (index % 2 === 1 ? element("mark", part) : part)));
  const { verdict, score } = judge(value, "user");
  const shown = $("verdict");
  shown.textContent = `injection: ${verdict} (${Math.round(score * 100)} %)`;
  shown.className = `state ${{ clean: "good", suspect: "warn", malicious: "bad" }[verdict]}`;
  $("findings").replaceChildren(
    ...findings.map(({ kind, severity, start, end }) => element("li", `${kind}, ${severity}, ${start} to ${end}`)),
  );
}

function choose(chosen) {
  example = chosen;
  $("policies").value = chosen.policies;
  $("request").value = JSON.stringify(chosen.request, null, 2);
  $("text").value = chosen.text;
  $("times").value = String(chosen.times ?? 1);
  $("policies").scrollTop = 0;
  showPolicies();
  decide();
  scan();
}

await init();
scanner = new Scanner();
$("example").append(...EXAMPLES.map(({ name }, index) => new Option(name, String(index))));
$("example").addEventListener("change", (event) => choose(EXAMPLES[Number(event.target.value)]));
const judgeAll = debounced(() => {
  showPolicies();
  decide();
});
$("policies").addEventListener("input", judgeAll);
$("policies").addEventListener("scroll", () => follow($("policies"), $("policies-marks"), $("policies-lines")));
$("request").addEventListener("input", debounced(decide));
$("times").addEventListener("input", debounced(decide));
$("text").addEventListener("input", debounced(scan));
choose(example);
$("main").setAttribute("aria-busy", "false");
$("footer").textContent = "Runs without a server, and without a network once it is loaded.";

if ("serviceWorker" in navigator) await navigator.serviceWorker.register("offline.js");
