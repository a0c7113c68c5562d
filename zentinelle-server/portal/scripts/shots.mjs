// Pictures of pages against the mock (or a real server, PORTAL_URL), each in light and dark, wide and on a phone;
// fails when the console has an error or axe finds a serious violation. Of a real server the pages of single records
// show the newest record of their kind.
//   node scripts/shots.mjs [path…]      PORTAL_URL, COOKIE, SHOTS (folder), ONLY=light-1440
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const base = process.env.PORTAL_URL ?? "http://127.0.0.1:3106/zentinelle";
const folder = process.env.SHOTS ?? new URL("../shots", import.meta.url).pathname;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = ["/", "/agents/", "/agents/detail/?id=agent", "/agent-groups/", "/policies/", "/policies/detail/?id=policy", "/policies/detail/?id=policy&tab=versions", "/policies/edit/", "/policies/edit/?id=policy", "/policies/effective/", "/policies/health/", "/policies/import/", "/playground/", "/approvals/", "/monitoring/", "/monitoring/?tab=decisions", "/monitoring/?tab=calls", "/monitoring/?tab=scanner", "/monitoring/?tab=anomalies", "/monitoring/?tab=alerts", "/monitoring/decision/?id=decision", "/monitoring/session/?id=session", "/monitoring/alert/?id=alert", "/compliance/", "/compliance/framework/?id=SOC2", "/compliance/reports/", "/risk/", "/risk/?tab=incidents", "/risk/detail/?id=risk", "/risk/incident/?id=incident", "/prompts/", "/prompts/detail/?id=prompt", "/prompts/edit/", "/audit-logs/", "/models/", "/notifications/", "/settings/", "/settings/security/", "/settings/people/", "/settings/api-keys/", "/settings/provider-keys/", "/settings/retention/", "/settings/webhooks/", "/sign-in/"];
const NEWEST = `{
  agent: agentsPage(first: 1, sort: { field: "name", direction: DESC }) { nodes { id } } policy: policiesPage(first: 1, sort: { field: "updatedAt", direction: ASC }) { nodes { id } }
  decision: decisionsPage(first: 1, filter: { allowed: false }) { nodes { id } } session: decisionsPage(first: 1) { nodes { id: sessionId } }
  alert: alertsPage(first: 1) { nodes { id } } risk: risksPage(first: 1) { nodes { id } } incident: incidentsPage(first: 1) { nodes { id } } prompt: systemPromptsPage(first: 1) { nodes { id } }
}`;

/** The id of one record of each kind; of the mock any will do. */
async function ids() {
  if (!process.env.PORTAL_URL) return {};
  const answer = await fetch(new URL("/gql/zentinelle/", base), {
    method: "POST", headers: { "content-type": "application/json", origin: new URL(base).origin, ...(process.env.COOKIE ? { cookie: process.env.COOKIE } : {}) }, body: JSON.stringify({ query: NEWEST }),
  });
  const { data, errors } = await answer.json();
  if (!data) throw new Error(`the newest records are not told: ${JSON.stringify(errors)}`);
  return Object.fromEntries(Object.entries(data).map(([kind, { nodes }]) => [kind, nodes[0]?.id]));
}

const known = await ids();
const withId = (path) => path.replace(/id=([a-z]+)(?=&|$)/, (_, kind) => `id=${encodeURIComponent(known[kind] ?? kind)}`);
const paths = process.argv.length > 2 ? process.argv.slice(2) : PAGES;
const looks = [
  { name: "light-1440", scheme: "light", width: 1440, height: 900 },
  { name: "dark-1440", scheme: "dark", width: 1440, height: 900 },
  { name: "light-390", scheme: "light", width: 390, height: 844 },
  { name: "dark-390", scheme: "dark", width: 390, height: 844 },
].filter((one) => !process.env.ONLY || process.env.ONLY.split(",").includes(one.name));

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"] });
let faults = 0;
for (const look of looks) {
  const context = await browser.newContext({ viewport: { width: look.width, height: look.height }, colorScheme: look.scheme, reducedMotion: "reduce", bypassCSP: false });
  if (process.env.COOKIE) {
    const [name, ...value] = process.env.COOKIE.split("=");
    await context.addCookies([{ name, value: value.join("="), url: base }]);
  }
  for (const path of paths) {
    const page = await context.newPage();
    const said = [];
    page.on("console", (message) => message.type() === "error" && said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    await page.goto(base + withId(path), { waitUntil: "load" });
    await page.waitForSelector("h1", { timeout: 15_000 }).catch(() => said.push("no heading within 15 s"));
    await page.waitForTimeout(Number(process.env.WAIT ?? 900));
    const stem = `${path.replace(/[/?=&]+/g, "-").replace(/^-|-$/g, "") || "dashboard"}.${look.name}`;
    await page.screenshot({ path: `${folder}/${stem}.png`, fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) said.push(`the page is ${wide} px wider than the window`);
    // Evaluated by the inspector, not by the page: the content policy stays as it is.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const one of violations) if (["serious", "critical"].includes(one.impact)) said.push(`axe ${one.impact}: ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
    faults += said.length;
    console.log(said.length === 0 ? `ok    ${stem}` : `fault ${stem}\n        ${said.join("\n        ")}`);
    await page.close();
  }
  await context.close();
}
await browser.close();
process.exit(faults > 0 ? 1 : 0);
