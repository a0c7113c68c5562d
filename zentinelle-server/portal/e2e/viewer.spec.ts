import { expect, signIn, test } from "./support";

test.use({ mayRefuse: [403] });

const WRITING = /^(Register|New|Add|Create|Report|Edit|Delete|Suspend|Activate|Approve|Deny|Acknowledge|Resolve|Save as|Export the log|Enrolment|Import(?! and export)|Apply|Run a check|Set up a)\b/;

test("a viewer sees no writing button, and the interface refuses him", async ({ page, started }) => {
  await signIn(page, started.person("viewer"), started.password);
  await expect(page.getByRole("heading", { level: 1, name: "Dashboard" })).toBeVisible();
  for (const [path, title] of [["agents/", "Agents"], ["agent-groups/", "Agent groups"], ["policies/", "Policies"], ["approvals/", "Approvals"], ["monitoring/?tab=alerts", "Monitoring"], ["risk/", "Risk"], ["risk/?tab=incidents", "Risk"], ["prompts/", "Prompts"], ["models/", "Models"], ["compliance/?tab=packs", "Compliance"], ["audit-logs/", "Audit log"]] as const) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
    await expect(page.getByRole("main").locator("[aria-busy=true]")).toHaveCount(0);
    const names = await page.getByRole("main").getByRole("button").or(page.getByRole("main").getByRole("link")).allInnerTexts();
    expect(names.map((one) => one.trim()).filter((one) => WRITING.test(one)), path).toEqual([]);
    await expect(page.getByRole("main").getByRole("checkbox", { name: /^Select/ }), path).toHaveCount(0);
  }
  // Pages whose whole purpose is not his are not in the menu, and say why when he comes by address.
  await expect(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "API keys" })).toHaveCount(0);
  for (const path of ["policies/edit/?type=rate_limit", "settings/api-keys/", "settings/people/"]) {
    await page.goto(path);
    await expect(page.getByText("You may not see this"), path).toBeVisible();
  }

  const refused = await page.evaluate(async () => {
    const ask = async (query: string) => {
      const answer = await fetch("/gql/zentinelle/", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query }) });
      return ((await answer.json()) as { errors?: { extensions?: { code?: string } }[] }).errors?.[0]?.extensions?.code;
    };
    const rest = await fetch("/api/zentinelle/v1/policies", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name: "x", type: "rate_limit", config: {} }) });
    return [await ask('mutation { createPolicy(input: { name: "x", policyType: "rate_limit" }) { success } }'), await ask("{ apiKeysPage { totalCount } }"), rest.status];
  });
  expect(refused).toEqual(["FORBIDDEN", "FORBIDDEN", 403]);
});
