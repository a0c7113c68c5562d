import { expect, test } from "./support";

test("an incident is reported, worked on, resolved and closed", async ({ page }) => {
  const title = `Refund loop ${Date.now().toString(36)}`;
  await page.goto("risk/?tab=incidents");
  await page.getByRole("button", { name: "Report an incident" }).click();
  const form = page.getByRole("dialog", { name: "Report an incident" });
  await form.getByLabel("Title").fill(title);
  await form.getByLabel("What happened").fill("The agent refunded one order four times.");
  await form.getByLabel("Severity").selectOption("high");
  await form.getByRole("button", { name: "Report an incident" }).click();
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
  const actions = page.getByRole("main");

  await actions.getByRole("button", { name: "Acknowledge" }).click();
  await expect(actions.getByRole("button", { name: "Acknowledge" })).toBeHidden();

  await page.getByRole("textbox", { name: "Write a comment" }).fill("Stopped by hand at noon.");
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  await expect(page.getByText("Stopped by hand at noon.").first()).toBeVisible();

  await actions.getByRole("button", { name: "Resolve", exact: true }).click();
  const resolving = page.getByRole("dialog", { name: "Resolve" });
  await resolving.getByLabel("Resolution").fill("A rate limit now holds it.");
  await resolving.getByRole("button", { name: "Resolve" }).click();
  await actions.getByRole("button", { name: "Close", exact: true }).click();
  const closing = page.getByRole("dialog", { name: "Close" });
  await closing.getByLabel("Lessons learned").fill("Refunds are counted per order.");
  await closing.getByRole("button", { name: "Close", exact: true }).and(page.locator("[type=submit]")).click();
  await expect(actions.getByText("Closed", { exact: true }).first()).toBeVisible();
  await expect(page.getByText("Refunds are counted per order.")).toBeVisible();

  await page.goto("risk/?tab=incidents&status=closed");
  await expect(page.getByRole("table", { name: "Incidents" }).getByRole("link", { name: title })).toBeVisible();
});
