import { readFileSync } from "node:fs";
import { expect, test } from "./support";

for (const format of ["csv", "ndjson"]) {
  test(`the audit log is exported as ${format}`, async ({ page }) => {
    await page.goto("audit-logs/");
    await page.getByRole("button", { name: "Export the log" }).click();
    const form = page.getByRole("dialog", { name: "Export the log" });
    await form.getByLabel("Format").selectOption(format);
    await form.getByRole("button", { name: "Export", exact: true }).click();
    const download = page.waitForEvent("download");
    await form.getByRole("link", { name: "Download" }).click();
    const text = readFileSync(await (await download).path(), "utf8").trim();
    const lines = text.split("\n");
    expect(lines.length).toBeGreaterThan(10);
    if (format === "ndjson") expect(JSON.parse(lines[0] ?? "")).toMatchObject({ header: { format: "zentinelle-audit-v1" } });
    else expect(lines[0]).toContain("action");
  });
}

test("the rows of a filter are exported from the table", async ({ page }) => {
  await page.goto("policies/?policyType=tool_permission");
  const count = Number((await page.getByText(/^\d+ of \d+$/).innerText()).split(" of ")[1]);
  await page.getByRole("button", { name: "Export" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: /^CSV/ }).click();
  const rows = readFileSync(await (await download).path(), "utf8").trim().split(/\r?\n/);
  expect(rows.length).toBe(count + 1);
});
