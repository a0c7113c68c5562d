// The playground in a real browser: with mouse and keyboard, wide and narrow, and without a network.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { complaints, launch, root, serve } from "./harness.mjs";

const artefacts = join(root, "zentinelle-wasm/artefacts");
let browser;
let site;
before(async () => {
  execFileSync(join(root, "examples/playground/build.sh"));
  mkdirSync(artefacts, { recursive: true });
  site = await serve(join(root, "examples/playground"));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  site?.stop();
});

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 }, ...options });
  const page = await context.newPage();
  const errors = complaints(page);
  await page.goto(site.url);
  await page.waitForSelector('main[aria-busy="false"]', { timeout: 60_000 });
  return { context, page, errors };
}

const effect = (page, expected) => page.waitForSelector(`#decision[data-effect="${expected}"]`, { timeout: 20_000 });

test("policies, a request and a text are judged as they are typed", async () => {
  const { context, page, errors } = await open();
  await effect(page, "deny");
  assert.match(await page.textContent("#reason"), /approval/);
  assert.match(await page.textContent("#explanation"), /to be allowed/);
  assert.match(await page.textContent("#redacted"), /\[REDACTED:email\]/);
  await page.screenshot({ path: join(artefacts, "playground-desktop.png"), fullPage: true });

  await page.fill("#request", '{ "action": "tool_call", "context": { "tool_name": "crm_search" } }');
  await effect(page, "permit");
  await page.fill("#request", '{ "action": ');
  await page.waitForSelector("#request-problem:not([hidden])");
  await page.fill("#request", '{ "action": "tool_call", "contxt": {} }');
  await page.waitForFunction(() => document.querySelector("#request-problem").textContent.includes("context"));

  await page.selectOption("#example", { label: "Limits: ask more than once" });
  await effect(page, "deny");
  assert.match(await page.textContent("#facts"), /again at/);
  await page.fill("#times", "1");
  await effect(page, "permit");

  await page.selectOption("#example", { label: "Prompt injection and secrets" });
  await effect(page, "deny");
  assert.match(await page.textContent("#verdict"), /malicious/);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a problem is underlined, told, and reached by keyboard alone", async () => {
  const { context, page, errors } = await open();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.selectOption("#example", { label: "Two mistakes to mend" });
  await page.waitForSelector("#problems button");
  assert.equal(await page.locator("#problems button").count(), 2);
  assert.equal(await page.textContent("#policies-marks mark"), "denied_tool");
  await page.screenshot({ path: join(artefacts, "playground-problems.png") });

  await page.focus("#policies");
  await page.keyboard.press("Tab");
  assert.match(await page.evaluate(() => document.activeElement.textContent), /denied_tool/);
  await page.keyboard.press("Enter");
  const selected = await page.evaluate(() => {
    const field = document.activeElement;
    return field.value.slice(field.selectionStart, field.selectionEnd);
  });
  assert.equal(selected, "denied_tool");
  await page.keyboard.type("denied_tools");
  await page.waitForFunction(() => document.querySelectorAll("#problems button").length === 1);
  assert.deepEqual(errors, []);
  await context.close();
});

test("on a phone nothing is cut off", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const phone = { viewport: { width: 375, height: 812 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme };
    const { context, page, errors } = await open(phone);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 375, `the page is ${width} wide`);
    await page.screenshot({ path: join(artefacts, `playground-phone-${colorScheme}.png`), fullPage: true });
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test("once loaded it works without a network", async () => {
  const { context, page } = await open();
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while (!(await caches.match("vendor/web/zentinelle_bg.wasm"))) await new Promise((done) => setTimeout(done, 50));
  });
  await context.setOffline(true);
  await page.reload();
  await page.waitForSelector('main[aria-busy="false"]', { timeout: 60_000 });
  await effect(page, "deny");
  await context.close();
});
