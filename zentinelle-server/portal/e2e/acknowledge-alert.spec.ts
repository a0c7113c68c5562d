import { expect, test } from "./support";

test("an alert is acknowledged, and an incident is opened from it", async ({ page, rest, newAgent }) => {
  const agent = await newAgent("Key finder");
  expect((await rest("post", "scan", agent.key, { content: "use AKIAIOSFODNN7RAWZQXT for the upload", content_type: "user_input" })).ok()).toBe(true);
  await page.goto("monitoring/?tab=alerts&status=open");
  const list = page.getByRole("table", { name: "Alerts" });
  await list.getByRole("row", { name: new RegExp(agent.name) }).getByRole("link").first().click();
  await expect(page.getByRole("button", { name: "Acknowledge" })).toBeVisible();
  const title = await page.getByRole("heading", { level: 1 }).innerText();
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await expect(page.getByRole("main").getByText("Acknowledged", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Acknowledge" })).toBeHidden();

  await page.getByRole("link", { name: "Report an incident" }).click();
  const form = page.getByRole("dialog", { name: "Report an incident" });
  await expect(form.getByLabel("Title")).toHaveValue(title);
  await expect(form.getByRole("button", { name: /^Take .* away$/ })).toBeVisible();
  await form.getByRole("button", { name: "Report an incident" }).click();
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
  await expect(page).toHaveURL(/risk\/incident/);
});
