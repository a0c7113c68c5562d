import { expect, test } from "./support";

test("a view is saved, applied, made the default and deleted", async ({ page }) => {
  const name = `Enforced tools ${Date.now().toString(36)}`;
  await page.goto("policies/?policyType=tool_permission&sort=name:asc");
  const shown = page.getByText(/^\d+ of \d+$/);
  const filtered = await shown.innerText();
  await page.getByRole("button", { name: "Views" }).click();
  const menu = page.getByRole("dialog", { name: "Views" });
  await menu.getByRole("textbox", { name: "Name of the view" }).fill(name);
  await menu.getByRole("checkbox", { name: "Open this page with it" }).check({ force: true });
  await menu.getByRole("button", { name: "Save this view" }).click();
  await expect(menu.getByRole("button", { name, exact: true })).toBeVisible();

  // Opened from the menu, the page begins with it.
  await page.goto("agents/");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Policies" }).click();
  await expect(page.getByRole("button", { name: /^Remove filter Type/ })).toBeVisible();
  await expect(shown).toHaveText(filtered);

  // An address that says what it wants is obeyed; the view is one choice away.
  await page.goto("policies/?enforcement=audit");
  await expect(page.getByRole("button", { name: /^Remove filter Enforcement/ })).toBeVisible();
  await page.getByRole("button", { name: "Views" }).click();
  await menu.getByRole("button", { name, exact: true }).click();
  await expect(page).toHaveURL(/policyType=tool_permission/);
  await expect(page.getByRole("button", { name: /^Remove filter Enforcement/ })).toBeHidden();

  await expect(menu).toBeHidden();
  await page.getByRole("button", { name: "Views" }).click();
  await menu.getByRole("button", { name: `Delete view ${name}` }).click();
  await expect(menu.getByRole("button", { name, exact: true })).toBeHidden();
  await page.goto("policies/");
  await expect(shown).toBeVisible();
  await expect(page.getByRole("button", { name: /^Remove filter/ })).toHaveCount(0);
});
