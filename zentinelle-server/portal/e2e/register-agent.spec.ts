import { call, expect, test } from "./support";

test("an agent is registered, and its key decides at once", async ({ page, rest }) => {
  const name = `Parcel tracker ${Date.now().toString(36)}`;
  await page.goto("agents/");
  await page.getByRole("button", { name: "Register agent" }).first().click();
  const form = page.getByRole("dialog", { name: "Register agent" });
  await form.getByLabel("Name").fill(name);
  await expect(form.getByLabel("Agent id")).toHaveValue(/^parcel-tracker-/);
  const agentId = await form.getByLabel("Agent id").inputValue();
  await form.getByRole("button", { name: "Register agent" }).click();
  await expect(form.getByText("is registered. This is its key")).toBeVisible();
  const key = await form.getByTestId("secret").innerText();

  const answer = await rest("post", "evaluate", key, call("read_parcel"));
  expect(answer.status()).toBe(200);
  expect(await answer.json()).toMatchObject({ allowed: true });

  await form.getByRole("button", { name: "Close" }).first().click();
  await page.getByRole("searchbox", { name: "Search: Agents" }).fill(agentId);
  await page.getByRole("link", { name }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  // What it asked is on record, and its page leads there.
  await page.getByRole("link", { name: /^Decisions/ }).click();
  await expect(page.getByRole("table").getByText(name)).toHaveCount(1);

  const wrong = await rest("post", "evaluate", `${key.slice(0, -4)}AAAA`, call("read_parcel"));
  expect(wrong.status()).toBe(401);
});
