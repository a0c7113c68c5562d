import { expect, test } from "./support";

test("a key is made, works for what it may do, and is refused once revoked", async ({ page, rest }) => {
  const name = `Pipeline ${Date.now().toString(36)}`;
  await page.goto("settings/api-keys/");
  await page.getByRole("button", { name: "New key" }).first().click();
  const form = page.getByRole("dialog", { name: "New key" });
  await form.getByLabel("Name").fill(name);
  await expect(form.getByRole("checkbox", { name: "policies:read" })).toBeChecked();
  await form.getByRole("button", { name: "Create" }).click();
  const key = await form.getByTestId("secret").innerText();
  await form.getByRole("button", { name: "Close" }).first().click();

  expect((await rest("get", "policies", key)).status()).toBe(200);
  expect((await rest("post", "policies", key, { name: "x", type: "rate_limit", config: {} })).status()).toBe(403);

  await page.getByRole("button", { name: `More actions: ${name}` }).click();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  await page.getByRole("alertdialog", { name: `Revoke “${name}”?` }).getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByRole("row", { name: new RegExp(name) }).getByText("Revoked")).toBeVisible();
  await expect.poll(async () => (await rest("get", "policies", key)).status()).toBe(401);
});
