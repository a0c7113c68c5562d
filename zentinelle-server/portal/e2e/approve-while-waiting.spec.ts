import { call, expect, test } from "./support";

test("an action is approved while its agent waits", async ({ page, rest, newAgent, newPolicy }) => {
  const agent = await newAgent("Refund desk");
  await newPolicy(agent, "Refunds need a person", "tool_permission", { requires_approval: ["issue_refund"] });
  const wanted = call("issue_refund", { order_id: "A-4711", amount_usd: 120 });
  let stopped: { allowed: boolean; approval_id?: string } = { allowed: true };
  await expect.poll(async () => (stopped = await (await rest("post", "evaluate", agent.key, wanted)).json()).allowed).toBe(false);
  const waiting = rest("get", `approvals/${stopped.approval_id}?wait=55`, agent.key);

  await page.goto("approvals/");
  await page.getByRole("row", { name: new RegExp(agent.name) }).getByRole("button", { name: "Tool call" }).click();
  const panel = page.getByRole("dialog", { name: `Tool call: issue_refund · ${agent.name}` });
  await expect(panel.getByText("A-4711")).toBeVisible();
  await expect(panel.getByText("Time left")).toBeVisible();
  await panel.getByLabel("Comment").fill("The parcel never came");
  await panel.getByRole("button", { name: "Approve" }).click();
  await expect(page.getByText("Approved. The agent goes on.")).toBeVisible();

  const told = await (await waiting).json();
  expect(told).toMatchObject({ status: "approved", note: "The parcel never came" });
  const again = { ...wanted, context: { ...wanted.context, approval_token: told.approval_token } };
  expect(await (await rest("post", "evaluate", agent.key, again)).json()).toMatchObject({ allowed: true });
  // Once, for this call, and never again.
  expect(await (await rest("post", "evaluate", agent.key, again)).json()).toMatchObject({ allowed: false });

  await page.getByRole("tab", { name: "Answered" }).click();
  await expect(page.getByRole("row", { name: new RegExp(agent.name) })).toBeVisible();
});

test("an action is denied, and its agent is told", async ({ page, rest, newAgent, newPolicy }) => {
  const agent = await newAgent("Account desk");
  await newPolicy(agent, "Closing accounts needs a person", "tool_permission", { requires_approval: ["close_account"] });
  let stopped: { allowed: boolean; approval_id?: string } = { allowed: true };
  await expect.poll(async () => (stopped = await (await rest("post", "evaluate", agent.key, call("close_account"))).json()).allowed).toBe(false);
  const waiting = rest("get", `approvals/${stopped.approval_id}?wait=55`, agent.key);
  await page.goto(`approvals/?open=${stopped.approval_id}`);
  const panel = page.getByRole("dialog", { name: `Tool call: close_account · ${agent.name}` });
  await panel.getByRole("button", { name: "Deny" }).click();
  await expect(page.getByText("Denied. The agent was told.")).toBeVisible();
  expect(await (await waiting).json()).toMatchObject({ status: "denied" });
});
