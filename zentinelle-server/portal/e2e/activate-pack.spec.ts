import { expect, test } from "./support";

test("a pack is activated, and controls that were open are met", async ({ page, ask }) => {
  const met = async () => (await ask<{ frameworks: { id: string; met: number }[] }>("{ frameworks { id met } }")).frameworks.find((one) => one.id === "GDPR")?.met ?? 0;
  const before = await met();
  const standing = page.getByRole("region", { name: "Controls met" });
  await page.goto("compliance/framework/?id=GDPR");
  await expect(standing).toContainText(/\d/);
  const shownBefore = await standing.innerText();

  await page.goto("compliance/?tab=packs");
  const pack = page.getByRole("region", { name: "GDPR" });
  await pack.getByRole("button", { name: "Activate" }).click();
  const question = page.getByRole("alertdialog");
  await expect(question).toContainText("GDPR: no personal data in outputs");
  await question.getByRole("button", { name: "Activate" }).click();
  await expect(pack.getByText("Active", { exact: true })).toBeVisible();

  expect(await met()).toBeGreaterThan(before);
  await page.goto("compliance/framework/?id=GDPR");
  await expect(standing).toContainText(/\d/);
  await expect.poll(() => standing.innerText()).not.toBe(shownBefore);
  await page.goto("policies/?search=GDPR");
  await expect(page.getByRole("table", { name: "Policies" }).getByRole("link", { name: "GDPR: no personal data in outputs" })).toBeVisible();
});
