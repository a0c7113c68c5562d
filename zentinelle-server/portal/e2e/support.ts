// What every flow stands on: the server's own words at its start, its interfaces as a program uses them, and a page
// whose console must stay silent.
import { readFileSync } from "node:fs";
import { test as base, expect, type APIResponse, type Locator, type Page } from "@playwright/test";

export { expect };

/** What `zentinelle serve --demo` printed when it started. */
interface Started {
  operatorKey: string;
  password: string;
  /** E-mail address of the first person with a role. */
  person: (role: "admin" | "operator" | "viewer") => string;
}

/** An agent that a flow has to itself. */
export interface Agent {
  id: string;
  agentId: string;
  name: string;
  key: string;
}

interface Fixtures {
  started: Started;
  /** Asks the management interface as an administrator; what fails there fails the test. */
  ask: <T>(query: string, variables?: Record<string, unknown>) => Promise<T>;
  /** A request of the native interface. */
  rest: (method: "get" | "post", path: string, key: string, body?: unknown) => Promise<APIResponse>;
  newAgent: (name: string) => Promise<Agent>;
  /** A policy for one agent. */
  newPolicy: (agent: Agent, name: string, policyType: string, config: unknown, enforcement?: string) => Promise<string>;
  /** What the browser may say on its console because the flow asks for a refusal. */
  mayRefuse: readonly number[];
  silentConsole: void;
}

function found(text: string, pattern: RegExp, what: string): string {
  const [, value] = pattern.exec(text) ?? [];
  if (!value) throw new Error(`the server's log does not tell ${what}; SERVER_LOG must be that of \`zentinelle serve --demo\``);
  return value;
}

export const test = base.extend<Fixtures>({
  started: async ({}, use) => {
    const log = readFileSync(process.env.SERVER_LOG ?? "", "utf8");
    await use({
      operatorKey: found(log, /(sk_platform_[\w-]+)/, "the operator's key"),
      password: found(log, /with the password ([\w-]+):/, "the password"),
      person: (role) => found(log, new RegExp(`(\\S+@\\S+) \\(${role}\\)`), `a person who is ${role}`),
    });
  },
  rest: async ({ request }, use) => {
    await use((method, path, key, body) =>
      request[method](`/api/zentinelle/v1/${path}`, { headers: { "x-zentinelle-key": key }, ...(body === undefined ? {} : { data: body }), timeout: 70_000 }));
  },
  ask: async ({ request, started }, use) => {
    await use(async <T>(query: string, variables: Record<string, unknown> = {}) => {
      const answer = await request.post("/gql/zentinelle/", { headers: { "x-zentinelle-key": started.operatorKey }, data: { query, variables } });
      const { data, errors } = (await answer.json()) as { data?: T; errors?: unknown };
      expect(errors, JSON.stringify(errors)).toBeUndefined();
      return data as T;
    });
  },
  newAgent: async ({ ask }, use) => {
    await use(async (name) => {
      const agentId = `${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${Date.now().toString(36)}`;
      const { createAgentEndpoint: made } = await ask<{ createAgentEndpoint: { endpoint: { id: string }; apiKey: string } }>(
        "mutation ($input: CreateAgentEndpointInput!) { createAgentEndpoint(input: $input) { endpoint { id } apiKey } }", { input: { agentId, name, agentType: "custom" } });
      return { id: made.endpoint.id, agentId, name, key: made.apiKey };
    });
  },
  newPolicy: async ({ ask }, use) => {
    await use(async (agent, name, policyType, config, enforcement = "enforce") => {
      const { createPolicy: made } = await ask<{ createPolicy: { success: boolean; policy: { id: string } | null; errors: unknown } }>(
        "mutation ($input: CreatePolicyInput!) { createPolicy(input: $input) { success policy { id } errors } }",
        { input: { name, policyType, scopeType: "endpoint", scopeTarget: agent.agentId, enforcement, enabled: true, priority: 0, config } });
      expect(made.success, JSON.stringify(made.errors)).toBe(true);
      return made.policy?.id ?? "";
    });
  },
  mayRefuse: [[], { option: true }],
  silentConsole: [
    async ({ page, mayRefuse }, use) => {
      const said: string[] = [];
      page.on("console", (message) => {
        // What the browser asks for by itself, or a page of somebody else says, is not ours.
        if (message.type() !== "error" || message.location().url.endsWith("/favicon.ico") || !new URL(page.url()).pathname.startsWith("/zentinelle")) return;
        if (!mayRefuse.some((status) => message.text().includes(`status of ${status}`))) said.push(`${message.text()} ${message.location().url}`);
      });
      page.on("pageerror", (error) => said.push(String(error)));
      await use();
      expect(said, "the console has no error").toEqual([]);
    },
    { auto: true },
  ],
});

/** One call of a tool, as an agent asks for it. */
export const call = (tool: string, args: Record<string, unknown> = {}) => ({ action: "tool_call", context: { tool_name: tool, tool_args: args } });

/** Signs in by the form, and waits for the page behind it. */
export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.goto("sign-in/");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel(/^Password/).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Replaces what stands in a code editor, as one pastes. */
export async function rewrite(editor: Locator, text: string): Promise<void> {
  await editor.click();
  await editor.press("ControlOrMeta+A");
  await editor.page().evaluate((words) => navigator.clipboard.writeText(words), text);
  await editor.press("ControlOrMeta+V");
}
