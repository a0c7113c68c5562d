// Opens the portal's pages in Chromium over a large organisation, keeps every question they ask, then asks each again
// and again: says how long pages take until they can be used, and how long the server takes to answer.
//   node walk.mjs URL [ROUNDS]        URL: of the server, in open mode; ROUNDS: how often each question is asked
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(new URL("../../zentinelle-server/portal/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [server, rounds = "20"] = process.argv.slice(2);
if (!server) {
  console.error("error: no server is named\nhelp: node walk.mjs http://127.0.0.1:8080 [ROUNDS]");
  process.exit(2);
}
const endpoint = `${server}/gql/zentinelle/`;

async function ask(body) {
  const begun = performance.now();
  const answer = await fetch(endpoint, { method: "POST", headers: { "content-type": "application/json", origin: server }, body });
  const text = await answer.text();
  return { took: performance.now() - begun, answer: JSON.parse(text) };
}

async function first(page, field = "id") {
  const { answer } = await ask(JSON.stringify({ query: `{ ${page}(first: 1) { nodes { ${field} } } }` }));
  return answer.data?.[page]?.nodes?.[0]?.[field];
}

const ids = {
  agent: await first("agentsPage"),
  policy: await first("policiesPage"),
  alert: await first("alertsPage"),
  incident: await first("incidentsPage"),
  decision: await first("decisionsPage"),
  session: await first("decisionsPage", "sessionId"),
  prompt: await first("systemPromptsPage"),
};
const pages = [
  "/", "/approvals/", "/agents/", "/agents/?search=12&sort=lastHeartbeat:desc", `/agents/detail/?id=${ids.agent}`, "/agent-groups/",
  "/policies/", "/policies/?policyType=rate_limit&sort=priority:desc&size=100", `/policies/detail/?id=${ids.policy}`,
  "/policies/effective/", "/policies/health/", "/playground/",
  "/monitoring/", "/monitoring/?tab=decisions", "/monitoring/?tab=decisions&allowed=no&sort=riskScore:desc&since=7d",
  "/monitoring/?tab=decisions&policyType=tool_permission&since=24h", "/monitoring/?tab=decisions&search=secret",
  "/monitoring/?tab=decisions&userIdentifier=user-17", "/monitoring/?tab=calls", "/monitoring/?tab=events", "/monitoring/?tab=events&search=Bash",
  "/monitoring/?tab=charts", "/monitoring/?tab=anomalies", "/monitoring/?tab=alerts", "/monitoring/?tab=alerts&status=open&severity=high",
  "/monitoring/?tab=content", "/monitoring/?tab=scanner",
  `/monitoring/decision/?id=${ids.decision}`, `/monitoring/session/?id=${ids.session}`, `/monitoring/alert/?id=${ids.alert}`,
  "/compliance/", "/compliance/framework/?id=soc2", "/compliance/reports/", "/risk/", "/risk/?tab=register", "/risk/?tab=incidents",
  `/risk/incident/?id=${ids.incident}`, "/prompts/", `/prompts/detail/?id=${ids.prompt}`,
  "/audit-logs/", "/audit-logs/?search=policy&since=7d", "/models/", "/notifications/", "/settings/", "/settings/people/", "/settings/api-keys/",
  "/settings/retention/", "/settings/webhooks/",
];

const questions = new Map();
const shown = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
});
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
async function visit(path) {
  const page = await context.newPage();
  let open = 0;
  let quietSince = Date.now();
  page.on("request", (request) => {
    if (request.url().includes("/gql/") && request.method() === "POST") {
      open += 1;
      const body = request.postData();
      // A span of time moves with the clock: the same question asked a minute later is the same.
      if (body?.includes("query ")) questions.set(body.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "T"), { body, path });
    }
  });
  const ended = (request) => {
    if (request.url().includes("/gql/") && request.method() === "POST") {
      open -= 1;
      quietSince = Date.now();
    }
  };
  page.on("requestfinished", ended);
  page.on("requestfailed", ended);
  const begun = Date.now();
  await page.goto(`${server}/zentinelle${path}`, { waitUntil: "load" });
  await page.waitForSelector("h1");
  const idle = () => page.evaluate(() => new Promise((wake) => requestIdleCallback(wake)));
  await idle();
  const usable = Date.now() - begun;
  quietSince = Math.max(quietSince, Date.now());
  while (open > 0 || Date.now() - quietSince < 400) await new Promise((wake) => setTimeout(wake, 20));
  await idle();
  await page.close();
  return { usable, took: quietSince - begun };
}

const rank = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
const middle = (visits, what) => rank(visits.map((visit) => visit[what]).sort((left, right) => left - right), 0.5);
for (const path of pages) {
  const visits = [await visit(path), await visit(path), await visit(path)];
  shown.push({ path, usable: middle(visits, "usable"), took: middle(visits, "took") });
}
await browser.close();

const rows = [];
for (const { body, path } of questions.values()) {
  const took = [];
  let fault = "";
  for (let round = 0; round < Number(rounds); round += 1) {
    const one = await ask(body);
    took.push(one.took);
    fault = one.answer.errors?.[0]?.message ?? "";
    if (round >= 2 && one.took > 2000) break; // known to be slow
  }
  took.sort((left, right) => left - right);
  rows.push({ name: JSON.parse(body).operationName, path, middle: rank(took, 0.5), high: rank(took, 0.95), fault });
}
rows.sort((left, right) => right.high - left.high);
console.log("| question | page | p50 ms | p95 ms |\n|---|---|---|---|");
for (const row of rows) console.log(`| ${row.name} | \`${row.path}\` | ${row.middle.toFixed(1)} | ${row.high.toFixed(1)} |${row.fault && ` ${row.fault}`}`);
shown.sort((left, right) => right.took - left.took);
console.log("\n| page | ms until it can be used, median of three visits | until every answer is shown |\n|---|---|---|");
for (const { path, usable, took } of shown) console.log(`| \`${path}\` | ${usable} | ${took} |`);
