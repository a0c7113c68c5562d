// The main flows, one after another, in one Chromium against one server that scripts/portal-test.sh has started.
import { defineConfig } from "@playwright/test";

const results = process.env.RESULTS ?? new URL("../e2e-results", import.meta.url).pathname;

export default defineConfig({
  testDir: ".",
  outputDir: results,
  // They share one organisation; one at a time each can say what it sees.
  workers: 1,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: {
    baseURL: process.env.PORTAL_URL ? `${process.env.PORTAL_URL.replace(/\/$/, "")}/` : "http://127.0.0.1:8431/zentinelle/",
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
    },
  },
});
