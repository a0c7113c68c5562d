import { expect, test } from "./support";

test("a past decision is loaded into the playground and decided again", async ({ page }) => {
  await page.goto("monitoring/?tab=decisions&allowed=no");
  await page.getByRole("table").getByRole("row").nth(1).getByRole("link").first().click();
  await page.getByRole("link", { name: "Try in the playground" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Playground" })).toBeVisible();
  await page.getByRole("button", { name: "Load the policies in force" }).click();
  await expect(page.getByTestId("decision")).toHaveAttribute("data-effect", "deny", { timeout: 60_000 });

  // Another one, found by what it was about.
  await page.getByRole("button", { name: "Load a past decision" }).click();
  const menu = page.getByRole("dialog", { name: "Load a past decision" });
  await menu.getByRole("searchbox").fill("execute_sql");
  await menu.getByRole("button", { name: /data-analyst.*Allowed$/s }).first().click();
  await expect(page.getByRole("textbox", { name: "Request" })).toContainText("data-analyst");
  await expect(page.getByTestId("decision")).toHaveAttribute("data-effect", "permit");
});
