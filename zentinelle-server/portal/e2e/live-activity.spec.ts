import type { WebSocketRoute } from "@playwright/test";
import { call, expect, test } from "./support";

test("live activity pauses, goes on, and catches up after the connection broke", async ({ page, rest, newAgent }) => {
  const agent = await newAgent("Talker");
  const does = async (tool: string) => expect((await rest("post", "evaluate", agent.key, call(tool))).status()).toBe(200);
  let through: WebSocketRoute | undefined;
  let cut = false;
  await page.routeWebSocket(/\/gql\/zentinelle\//, (socket) => {
    if (cut) return void socket.close({ code: 1013, reason: "cut by the test" });
    through = socket;
    socket.connectToServer();
  });
  await page.goto(`monitoring/?search=${agent.agentId}`);
  const feed = page.getByRole("log", { name: "As it happens" });
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await does("first");
  await expect(feed.getByRole("listitem")).toHaveCount(1);

  await page.getByRole("button", { name: "Pause" }).click();
  await does("second");
  await expect(page.getByRole("button", { name: "Go on (1 waiting)" })).toBeVisible();
  await expect(feed.getByRole("listitem")).toHaveCount(1);
  await page.getByRole("button", { name: "Go on (1 waiting)" }).click();
  await expect(feed.getByRole("listitem")).toHaveCount(2);

  // What happens while nothing comes through is fetched once it does again.
  cut = true;
  await through?.close({ code: 1012, reason: "cut by the test" });
  await expect(page.getByText("Not connected")).toBeVisible();
  await does("third");
  await does("fourth");
  cut = false;
  await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(feed.getByRole("listitem")).toHaveCount(4);
});
