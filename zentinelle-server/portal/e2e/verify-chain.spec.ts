import { readFileSync } from "node:fs";
import { expect, test } from "./support";

test("the audit chain is walked, and a receipt proves one entry", async ({ page }) => {
  await page.goto("audit-logs/");
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await expect(page.getByText("The chain holds")).toBeVisible();
  await expect(page.getByText(/Walked just now: [\d,]+ entries/)).toBeVisible();

  const byNumber = page.waitForEvent("download");
  await page.getByRole("spinbutton", { name: "Entry number" }).fill("1");
  await page.getByRole("button", { name: "Receipt", exact: true }).click();
  expect((await byNumber).suggestedFilename()).toBe("audit-receipt-1.json");
  const receipt = JSON.parse(readFileSync(await (await byNumber).path(), "utf8"));
  expect(receipt.checkpoint).toMatch(/^zentinelle\.audit\/.*\n— zentinelle-audit-/s);

  // An entry knows its own place.
  await page.getByRole("table", { name: "Audit log" }).getByRole("row").nth(1).getByRole("button").first().click();
  await expect(page.getByRole("dialog").getByRole("button", { name: "Download the receipt" })).toBeVisible();
});
