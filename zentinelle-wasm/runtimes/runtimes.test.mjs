// The package under Deno and Bun, and through three bundlers; build it with `scripts/wasm.sh --build`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { EXPECTED } from "./question.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const wasm = fileURLToPath(new URL("..", import.meta.url));
const programs = join(here, "node_modules/.bin");
const require = createRequire(import.meta.url);
const run = promisify(execFile);
let endpoint;
let project;
let server;

before(async () => {
  // Just enough of a server for the client: it permits what is not forbidden.
  server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const allowed = JSON.parse(text).action !== "forbidden";
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ allowed, reason: null, policies_evaluated: [], warnings: [], context: {} }));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  endpoint = `http://127.0.0.1:${server.address().port}`;

  // A project as a user has it: the published files, copied, under `node_modules`.
  project = mkdtempSync(join(tmpdir(), "zentinelle-runtimes-"));
  const installed = join(project, "node_modules/@zentinelle/wasm");
  mkdirSync(installed, { recursive: true });
  const { files } = JSON.parse(readFileSync(join(wasm, "package.json"), "utf8"));
  for (const name of ["package.json", ...files]) cpSync(join(wasm, name), join(installed, name), { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "type": "module", "private": true, "dependencies": { "@zentinelle/wasm": "*" } }\n');
  cpSync(join(here, "question.mjs"), join(project, "question.mjs"));
  const lines = (entry, start) => `import * as api from "${entry}";\nimport { ask } from "./question.mjs";\n${start}\n`;
  const argument = "const [endpoint] = globalThis.Deno?.args ?? process.argv.slice(2);";
  writeFileSync(join(project, "main.mjs"), lines("@zentinelle/wasm", `${argument}\nconsole.log(JSON.stringify(await ask(api, endpoint)));`));
  // Whoever loads a bundle calls this; without a source the module is found by the bundle itself.
  const web = "globalThis.answer = async (endpoint, source) => (await api.init(source), ask(api, endpoint));";
  writeFileSync(join(project, "web.mjs"), lines("@zentinelle/wasm/web", web));
  const bundled = "globalThis.answer = (endpoint) => ask(api, endpoint);";
  writeFileSync(join(project, "bundler.mjs"), lines("@zentinelle/wasm", bundled));
  symlinkSync(join(here, "node_modules/vite"), join(project, "node_modules/vite"));
});

after(() => {
  server?.close();
  if (project !== undefined) rmSync(project, { recursive: true, force: true });
});

/** Loads a bundle and asks it. */
async function asked(file, ...source) {
  delete globalThis.answer;
  await import(pathToFileURL(file).href);
  return globalThis.answer(endpoint, ...source);
}

const moduleBytes = (folder) => {
  const name = readdirSync(folder).find((entry) => entry.endsWith(".wasm"));
  assert.ok(name !== undefined, `no module among ${readdirSync(folder).join(", ")}`);
  return readFileSync(join(folder, name));
};

test("Deno runs the package", { timeout: 240_000 }, async () => {
  const options = { cwd: project, env: { ...process.env, DENO_DIR: join(project, "deno"), DENO_NO_UPDATE_CHECK: "1" } };
  const flags = ["run", "--no-remote", "--node-modules-dir=manual", "--allow-read", "--allow-env", "--allow-net=127.0.0.1"];
  const { stdout } = await run(join(programs, "deno"), [...flags, "main.mjs", endpoint], options);
  assert.deepEqual(JSON.parse(stdout), EXPECTED);
});

test("Bun runs the package", { timeout: 240_000 }, async () => {
  const { stdout } = await run(join(programs, "bun"), ["run", "main.mjs", endpoint], { cwd: project });
  assert.deepEqual(JSON.parse(stdout), EXPECTED);
});

test("esbuild bundles the package", { timeout: 240_000 }, async () => {
  const { build } = await import("esbuild");
  const outfile = join(project, "esbuild/out.mjs");
  await build({ entryPoints: [join(project, "web.mjs")], outfile, bundle: true, format: "esm", platform: "browser", minify: true, logLevel: "error" });
  // esbuild does not follow the address of the module, so its user says where it is.
  const bytes = readFileSync(require.resolve("@zentinelle/wasm/zentinelle.wasm", { paths: [project] }));
  assert.deepEqual(await asked(outfile, bytes), EXPECTED);
});

test("Vite bundles the package and the module with it", { timeout: 240_000 }, async () => {
  const { build } = await import("vite");
  const outDir = join(project, "vite");
  await build({
    root: project,
    configFile: false,
    logLevel: "error",
    build: {
      outDir,
      assetsDir: "",
      modulePreload: false,
      rollupOptions: { input: join(project, "web.mjs"), output: { entryFileNames: "out.mjs" } },
    },
  });
  assert.deepEqual(await asked(join(outDir, "out.mjs"), moduleBytes(outDir)), EXPECTED);
});

test("webpack bundles the package and imports the module", { timeout: 240_000 }, async () => {
  const { default: webpack } = await import("webpack");
  const path = join(project, "webpack");
  const stats = await promisify(webpack)({
    mode: "production",
    context: project,
    entry: "./bundler.mjs",
    target: "node20",
    experiments: { asyncWebAssembly: true, outputModule: true },
    // As for a browser: Node's own entry needs no bundler.
    resolve: { conditionNames: ["webpack", "import", "module", "browser"] },
    output: { path, filename: "out.mjs", module: true, library: { type: "module" } },
    performance: { hints: false },
  });
  assert.equal(stats.hasErrors(), false, stats.toString({ all: false, errors: true }));
  assert.deepEqual(await asked(join(path, "out.mjs")), EXPECTED);
});
