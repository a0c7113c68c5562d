// Walks the whole sign-in as a browser does, against a server that is started here.
// Arguments: the server's binary, and a folder for what it keeps.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { rmSync } from "node:fs";
import * as real from "./provider.js";
import * as lying from "./liar.js";

const [binary, folder] = process.argv.slice(2);
const API = "/api/zentinelle/v1/auth";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// Cookies of one browser, by origin.
class Browser {
  jars = new Map();
  async ask(url, options = {}) {
    const { origin } = new URL(url);
    const jar = this.jars.get(origin) ?? new Map();
    this.jars.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { redirect: "manual", ...options, headers: { cookie, ...options.headers } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === "" || /max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }
  async follow(url) {
    const answer = await this.ask(url);
    return new URL(answer.headers.get("location"), url).href;
  }
}

async function server(issuer, port, name) {
  const url = `http://127.0.0.1:${port}`;
  rmSync(join(folder, name), { recursive: true, force: true });
  const child = spawn(binary, ["serve", "--listen", `127.0.0.1:${port}`, "--data-dir", join(folder, name)], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env, ZENTINELLE_LOG__LEVEL: "error",
      ZENTINELLE_AUTH__PUBLIC_URL: url, ZENTINELLE_AUTH__OIDC__ISSUER: issuer,
      ZENTINELLE_AUTH__OIDC__CLIENT_ID: "zentinelle", ZENTINELLE_AUTH__OIDC__CLIENT_SECRET: "a secret of the test",
      ZENTINELLE_AUTH__OIDC__ROLES__CHIEF: "admin", ZENTINELLE_AUTH__OIDC__ROLES__READER: "viewer",
    },
  });
  for (let tries = 0; tries < 200; tries += 1) {
    if (await fetch(`${url}/ready`).then((answer) => answer.ok, () => false)) return { url, stop: () => child.kill() };
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("the server does not answer");
}

// Signs in at the real provider, and returns where it sends the browser back to.
async function there(browser, url, who, next = "/zentinelle/agents/?id=1") {
  let place = await browser.follow(`${url}${API}/oidc/start?next=${encodeURIComponent(next)}`);
  const asked = new URL(place).searchParams;
  assert.equal(asked.get("code_challenge_method"), "S256");
  assert.ok(asked.get("state") && asked.get("nonce"));
  for (let steps = 0; steps < 12 && !place.startsWith(url); steps += 1) {
    const answer = await browser.ask(place);
    if (answer.status !== 200) {
      place = new URL(answer.headers.get("location"), place).href;
      continue;
    }
    const page = await answer.text();
    const action = new URL(/<form[^>]*action="([^"]+)"/.exec(page)[1].replaceAll("&amp;", "&"), place).href;
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)[1];
    const body = new URLSearchParams({ prompt, login: who, password: "any" });
    const sent = await browser.ask(action, { method: "POST", body });
    place = new URL(sent.headers.get("location"), action).href;
  }
  return place;
}

let passed = 0;
async function test(name, body) {
  await body();
  passed += 1;
  console.log(`ok ${name}`);
}

const refused = async (answer, code) => {
  const body = await answer.json();
  assert.deepEqual([answer.status, body.error], [403, code], JSON.stringify(body));
  return body;
};

async function withRealProvider() {
  const [port, providerPort] = [await freePort(), await freePort()];
  const provider = await real.start(providerPort, `http://127.0.0.1:${port}${API}/oidc/callback`);
  const { url, stop } = await server(`http://127.0.0.1:${providerPort}`, port, "real");
  try {
    await test("who signs in there is signed in here, with the role that the claim gives", async () => {
      const browser = new Browser();
      const back = await browser.ask(await there(browser, url, "boss"));
      assert.deepEqual([back.status, back.headers.get("location")], [303, "/zentinelle/agents/?id=1"]);
      const me = await (await browser.ask(`${url}${API}/me`)).json();
      assert.deepEqual([me.email, me.role, me.signed_in_by], ["boss@example.com", "admin", "oidc"]);
      const out = await browser.ask(`${url}${API}/logout`, { method: "POST", headers: { "sec-fetch-site": "same-origin" } });
      assert.equal(out.status, 200);
      assert.equal((await browser.ask(`${url}${API}/me`)).status, 401);
    });
    await test("the same person is the same user the next time", async () => {
      const browser = new Browser();
      await browser.ask(await there(browser, url, "boss", "https://evil.example"));
      const { results } = await (await browser.ask(`${url}/api/zentinelle/v1/users`)).json();
      assert.deepEqual(results.map((user) => user.email), ["boss@example.com"]);
    });
    await test("an address that the provider does not vouch for is not believed", async () => {
      const browser = new Browser();
      await refused(await browser.ask(await there(browser, url, "mallory")), "oidc_email_unverified");
    });
    await test("who has no role is told so", async () => {
      const browser = new Browser();
      await refused(await browser.ask(await there(browser, url, "nobody")), "oidc_no_role");
    });
    await test("a forged state, another browser's answer and a used code are refused", async () => {
      const browser = new Browser();
      const back = new URL(await there(browser, url, "viewer"));
      const forged = new URL(back);
      forged.searchParams.set("state", "forged");
      await refused(await new Browser().ask(back.href), "oidc_no_flow");
      const flow = new Map(browser.jars.get(url));
      await refused(await browser.ask(forged.href), "oidc_state");
      browser.jars.set(url, new Map(flow));
      assert.equal((await browser.ask(back.href)).status, 303);
      browser.jars.set(url, new Map(flow));
      await refused(await browser.ask(back.href), "oidc_exchange");
      browser.jars.set(url, new Map([["zentinelle-flow", "zs1.forged"]]));
      await refused(await browser.ask(back.href), "oidc_flow_forged");
    });
    await test("passwords are off", async () => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ email: "boss@example.com", password: "x" });
      await refused(await fetch(`${url}${API}/login`, { method: "POST", headers, body }), "passwords_off");
    });
  } finally {
    stop();
    provider.close();
  }
}

async function withLyingProvider() {
  const [port, providerPort] = [await freePort(), await freePort()];
  const liar = await lying.start(providerPort);
  const { url, stop } = await server(liar.issuer, port, "lying");
  const attempt = async (lie) => {
    const browser = new Browser();
    const asked = new URL(await browser.follow(`${url}${API}/oidc/start`)).searchParams;
    Object.assign(liar, { lie, nonce: asked.get("nonce") });
    return browser.ask(`${url}${API}/oidc/callback?code=c&state=${encodeURIComponent(asked.get("state"))}`);
  };
  const past = Math.floor(Date.now() / 1000) - 3600;
  try {
    await test("a sound token of this provider is believed", async () => assert.equal((await attempt({})).status, 303));
    for (const [name, lie] of [
      ["without a signature", { alg: "none" }],
      ["signed with the client's secret", { alg: "HS256" }],
      ["signed by somebody else", { key: "other" }],
      ["for another sign-in", { nonce: "another" }],
      ["for another client", { aud: "somebody else" }],
      ["of another issuer", { iss: "https://evil.example" }],
      ["that has ended", { exp: past, iat: past - 60 }],
    ]) {
      await test(`a token ${name} is refused`, async () => {
        const body = await refused(await attempt(lie), "oidc_token");
        assert.ok(body.detail.length > 40, body.detail);
      });
    }
  } finally {
    stop();
    liar.close();
  }
}

await withRealProvider();
await withLyingProvider();
console.log(`${passed} passed, 0 failed`);
