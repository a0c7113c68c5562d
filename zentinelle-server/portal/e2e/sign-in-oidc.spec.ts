import { expect, test } from "./support";

// A second server, which knows an identity provider; scripts/portal-test.sh runs both.
const portal = process.env.OIDC_PORTAL_URL;

if (!portal) throw new Error("OIDC_PORTAL_URL must be that of a server with an identity provider: scripts/portal-test.sh starts one");

test("somebody signs in at the organisation's provider, and comes back to the page", async ({ page }) => {
  await page.goto(`${portal}/agents/?status=active`);
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await page.getByRole("link", { name: "Sign in with Single sign-on" }).click();
  await page.getByPlaceholder("Enter any login").fill("boss");
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Agents" })).toBeVisible();
  expect(page.url()).toBe(`${portal}/agents/?status=active`);
  await page.getByRole("button", { name: /^Your account/ }).click();
  await expect(page.getByText("boss@example.com")).toBeVisible();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
});
