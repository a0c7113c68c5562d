import { expect, rewrite, test } from "./support";

test("a draft is simulated against recorded traffic before it is saved", async ({ page, ask }) => {
  await page.goto("policies/edit/?type=tool_permission");
  await rewrite(page.getByRole("textbox", { name: "Text (YAML)" }), "name: Nobody looks up orders\ntype: tool_permission\nscope: endpoint:support-assistant\nenforcement: enforce\nconfig:\n  denied_tools: [get_order]\n");
  await expect(page.getByText("No problems")).toBeVisible();
  await page.getByLabel("Traffic of the last").selectOption("30");
  await page.getByRole("button", { name: "Run", exact: true }).click();

  const result = page.getByRole("region", { name: "Simulation against recorded traffic" });
  await expect(result.getByRole("table", { name: "By agent" })).toContainText("support-assistant", { timeout: 60_000 });
  const sample = result.getByRole("table", { name: "Decisions that would change" }).getByRole("row").nth(1);
  await expect(sample).toContainText("get_order");

  // Nothing was saved by asking.
  const { policiesPage } = await ask<{ policiesPage: { totalCount: number } }>('{ policiesPage(filter: { search: "Nobody looks up orders" }) { totalCount } }');
  expect(policiesPage.totalCount).toBe(0);

  await sample.getByRole("link").click();
  await expect(page.getByRole("heading", { name: "How it came about" })).toBeVisible();
});
