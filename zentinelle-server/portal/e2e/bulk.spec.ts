import { expect, test } from "./support";

test("several policies are turned off together, with a result for each", async ({ page, ask, newAgent, newPolicy }) => {
  const agent = await newAgent("Bulk");
  const stem = `Bulk ${Date.now().toString(36)}`;
  const ids = [];
  for (const part of ["one", "two", "three"]) ids.push(await newPolicy(agent, `${stem} ${part}`, "rate_limit", { requests_per_minute: 60 }, "audit"));
  await page.goto(`policies/?search=${encodeURIComponent(stem)}`);
  const list = page.getByRole("table", { name: "Policies" });
  await expect(list.getByRole("row")).toHaveCount(4);
  await list.getByRole("checkbox", { name: `Select ${stem} one` }).check({ force: true });
  await list.getByRole("checkbox", { name: `Select ${stem} two` }).check({ force: true });
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.getByRole("button", { name: "Turn off" }).click();
  await page.getByRole("alertdialog", { name: "Turn off for 2 records?" }).getByRole("button", { name: "Turn off" }).click();
  const result = page.getByRole("dialog", { name: "Result: Turn off" });
  await expect(result.getByText("2 changed")).toBeVisible();
  await result.getByRole("button", { name: "Close" }).click();
  await expect(list.getByText("Off", { exact: true })).toHaveCount(2);
  await expect(page.getByText("2 selected")).toBeHidden();
  const { policiesPage } = await ask<{ policiesPage: { nodes: { id: string; enabled: boolean }[] } }>("query ($s: String) { policiesPage(filter: { search: $s }) { nodes { id enabled } } }", { s: stem });
  expect(policiesPage.nodes.filter((one) => one.enabled).map((one) => one.id)).toEqual([ids[2]]);
});
