import { call, expect, test } from "./support";

test("a policy written by form decides the next call", async ({ page, rest, newAgent }) => {
  const agent = await newAgent("Form writer");
  const ask = async () => (await rest("post", "evaluate", agent.key, call("wire_money"))).json();
  expect(await ask()).toMatchObject({ allowed: true });

  await page.goto("policies/");
  await page.getByRole("link", { name: "New policy" }).first().click();
  await page.getByRole("button", { name: /^Tool permission/ }).click();
  await page.getByRole("region", { name: "General" }).getByLabel("Name").fill("No wire transfers");
  await page.getByLabel("Scope").selectOption("endpoint");
  await page.getByLabel("Who is meant").selectOption({ label: agent.name });
  await page.getByRole("combobox", { name: "Enforcement" }).selectOption("enforce");
  const denied = page.getByRole("textbox", { name: "Add: Denied tools" });
  await denied.fill("wire_money");
  await denied.press("Enter");
  await expect(page.getByText("No problems")).toBeVisible();

  await page.getByRole("button", { name: "Create policy" }).click();
  const warning = page.getByRole("alertdialog");
  await expect(warning).toContainText("You have not simulated this");
  await warning.getByRole("button", { name: "Save without simulating" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "No wire transfers" })).toBeVisible();
  await expect.poll(async () => (await ask()).code, { timeout: 20_000 }).toBe("tool_permission.denied");
});

test("a mistake in the form is told in its place, and cannot be saved", async ({ page }) => {
  await page.goto("policies/edit/?type=rate_limit");
  await page.getByRole("region", { name: "General" }).getByLabel("Name").fill("Too slow");
  await page.getByLabel("Scope").selectOption("endpoint");
  await expect(page.getByRole("main").getByRole("alert").first()).toContainText("scope");
  await expect(page.getByRole("button", { name: "Create policy" })).toBeDisabled();
  await page.getByLabel("Who is meant").selectOption({ index: 1 });
  await expect(page.getByText("No problems")).toBeVisible();
});
