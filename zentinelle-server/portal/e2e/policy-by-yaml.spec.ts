import { call, expect, rewrite, test } from "./support";

test("a policy written as YAML fills the form, and the decision changes", async ({ page, rest, newAgent }, info) => {
  const agent = await newAgent("Text writer");
  const ask = async () => (await rest("post", "evaluate", agent.key, call("drop_table"))).json();
  expect(await ask()).toMatchObject({ allowed: true });

  await page.goto("policies/edit/?type=tool_permission");
  const editor = page.getByRole("textbox", { name: "Text (YAML)" });
  await rewrite(editor, `# kept as it is written\nname: No dropped tables\ntype: tool_permission\nscope: endpoint:${agent.agentId}\nenforcement: enforce\npriority: 0\nenabled: true\nconfig:\n  denied_tools:\n    - drop_table\n`);
  await expect(page.getByRole("region", { name: "General" }).getByLabel("Name")).toHaveValue("No dropped tables");
  await expect(page.getByRole("button", { name: "Remove drop_table" })).toBeVisible();

  // The form changes the text in place: the comment stays.
  await page.getByRole("region", { name: "General" }).getByLabel("Name").fill("No tables are dropped");
  await expect(editor).toContainText("# kept as it is written");
  await expect(editor).toContainText("name: No tables are dropped");

  await page.getByRole("button", { name: "Create policy" }).click();
  await page.getByRole("button", { name: "Save without simulating" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "No tables are dropped" })).toBeVisible();
  const saved = Date.now();
  await expect.poll(async () => (await ask()).code, { timeout: 20_000, intervals: [20] }).toBe("tool_permission.denied");
  info.annotations.push({ type: "decided after", description: `${Date.now() - saved} ms` });
});

test("text that is no policy is told where it is wrong", async ({ page }) => {
  await page.goto("policies/edit/?type=tool_permission");
  await rewrite(page.getByRole("textbox", { name: "Text (YAML)" }), "name: x\ntype: tool_permission\nconfig:\n  denied_toolz: [a]\n");
  await expect(page.getByRole("main").getByRole("alert").first()).toContainText("denied_toolz");
  await expect(page.getByRole("button", { name: "Create policy" })).toBeDisabled();
});
