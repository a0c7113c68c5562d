// A real server in a process of its own, over a folder of its own: `ZENTINELLE_PROGRAM` names the program.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** @returns {Promise<{ url: string, keys: Record<string, string>, stop: () => Promise<void> }>} */
export async function startServer(program = process.env.ZENTINELLE_PROGRAM) {
  const folder = mkdtempSync(join(tmpdir(), "zentinelle-client-"));
  const address = `127.0.0.1:${await freePort()}`;
  // The server reads every `ZENTINELLE_…` as configuration and refuses what it does not know.
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith("ZENTINELLE_"));
  const child = spawn(program, ["serve", "--demo", "--listen", address, "--data-dir", folder], {
    env: { ...Object.fromEntries(ours), ZENTINELLE_THROTTLE__ENABLED: "false" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (piece) => (shown += piece));
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill();
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the server ended before it was ready:\n${shown}`);
    const ready = await fetch(`http://${address}/ready`).then((reply) => reply.ok, () => false);
    if (ready && shown.includes("Documentation")) {
      const key = (prefix) => new RegExp(`${prefix}[A-Za-z0-9_-]{43}`).exec(shown)?.[0];
      const keys = { enrol: key("znt_"), agent: key("sk_agent_"), operator: key("sk_platform_") };
      return { url: `http://${address}`, keys, stop };
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  await stop();
  throw new Error(`the server is not ready after 30 s:\n${shown}`);
}
