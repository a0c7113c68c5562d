import { call, expect, test } from "./support";

test("an old version of a policy is compared and restored", async ({ page, ask, rest, newAgent, newPolicy }) => {
  const agent = await newAgent("Turned back");
  const id = await newPolicy(agent, "What may be printed", "tool_permission", { denied_tools: ["print_invoice"] });
  await ask("mutation ($input: UpdatePolicyInput!) { updatePolicy(input: $input) { success errors } }", { input: { id, config: { denied_tools: ["print_label"] } } });
  const code = async () => (await (await rest("post", "evaluate", agent.key, call("print_invoice"))).json()).code ?? null;
  await expect.poll(code).toBeNull();

  await page.goto(`policies/detail/?id=${id}&tab=versions`);
  await expect(page.getByRole("heading", { name: "Difference from version 1 to 2" })).toBeVisible();
  await expect(page.getByText("print_label").first()).toBeVisible();
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByRole("alertdialog", { name: "Restore version 1?" }).getByRole("button", { name: "Restore" }).click();
  await expect(page.getByText("Version 1 is back, as a new version")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Difference from version 2 to 3" })).toBeVisible();
  await expect.poll(code).toBe("tool_permission.denied");
});
