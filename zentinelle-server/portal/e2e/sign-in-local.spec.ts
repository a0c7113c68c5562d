import { createHmac } from "node:crypto";
import { expect, signIn, test } from "./support";

test.use({ mayRefuse: [401, 403] });

/** The code of an instant, as an authenticator app shows it (RFC 6238). */
function code(secret: string, at: number): string {
  const bits = [...secret.replace(/[\s=]/g, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const digest = createHmac("sha1", key).update(step).digest();
  const from = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("somebody new chooses a password, sets up a second factor and signs in with it", async ({ page, ask }) => {
  const email = `new.${Date.now().toString(36)}@northwind.example`;
  const { createUser } = await ask<{ createUser: { temporaryPassword: string } }>(
    'mutation ($email: String!) { createUser(email: $email, name: "Nora Ek", role: OPERATOR) { temporaryPassword } }', { email });
  const password = "a password of the test, 42";

  await signIn(page, email, createUser.temporaryPassword);
  await page.getByLabel("A new password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Dashboard" })).toBeVisible();

  await page.goto("settings/security/");
  await page.getByRole("button", { name: "Set up" }).click();
  const form = page.getByRole("dialog", { name: "Second factor" });
  await expect(form.getByRole("img", { name: "QR code for the authenticator app" })).toBeVisible();
  const secret = await form.getByTitle(/^[A-Z2-7]{20,}$/).first().innerText();
  // A code is good once, and one step of 30 seconds early or late: each of the three is used once.
  const now = Date.now();
  await form.getByRole("textbox", { name: "Code" }).fill(code(secret, now - 30_000));
  await form.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText("The second factor is on")).toBeVisible();
  const recovery = (await form.getByTestId("secret").innerText()).split(" ");
  expect(recovery.length).toBeGreaterThan(5);
  await form.getByRole("button", { name: "Close" }).first().click();

  await page.getByRole("button", { name: /^Your account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();

  await signIn(page, email, password);
  const field = page.getByLabel("Code from your authenticator");
  await field.fill("000000");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
  await field.fill(code(secret, now));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Dashboard" })).toBeVisible();

  await page.getByRole("button", { name: /^Your account/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await signIn(page, email, password);
  await page.getByLabel("Code from your authenticator").fill(recovery[0] ?? "");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Dashboard" })).toBeVisible();
});

test("a wrong password is refused without saying which part was wrong", async ({ page, started }) => {
  await signIn(page, started.person("operator"), "not the password at all");
  await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
  await signIn(page, "nobody@northwind.example", "not the password at all");
  await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
});
