import { expect, test } from "./support";

test("the palette leads to pages, records and actions by the keyboard alone", async ({ page }) => {
  await page.goto("./");
  await expect(page.getByRole("heading", { level: 1, name: "Dashboard" })).toBeVisible();
  const field = page.getByRole("combobox", { name: "Command palette" });

  await page.keyboard.press("ControlOrMeta+k");
  await field.fill("audit");
  await expect(page.getByRole("option", { name: "Audit log" })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Audit log" })).toBeVisible();

  await page.keyboard.press("ControlOrMeta+k");
  await field.fill("Release man");
  await expect(page.getByRole("option", { name: /Release manager.*Agent/ })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Release manager" })).toBeVisible();

  await page.keyboard.press("ControlOrMeta+k");
  await field.fill("register an");
  await expect(page.getByRole("option", { name: "Register an agent" })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Register agent" })).toBeVisible();
});
