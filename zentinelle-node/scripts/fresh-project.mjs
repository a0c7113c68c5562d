// Packs both packages, installs the tarballs into an empty folder and runs the examples of their READMEs there, as ES
// modules, as CommonJS and as strict TypeScript: what a user gets, and nothing of this repository.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "zentinelle-fresh-"));
const run = (program, arguments_, more = {}) =>
  execFileSync(program, arguments_, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], ...more });

/** The runnable examples of a README: `[kind, code]`. */
function examples(readme) {
  const found = readFileSync(readme, "utf8").matchAll(/<!-- run: (\w+) -->\n```\w+\n([\s\S]*?)```/g);
  return [...found].map(([, kind, code]) => [kind, code]);
}

try {
  run(process.execPath, [join(root, "zentinelle-node/scripts/pack.mjs"), project]);
  run("npm", ["pack", "--silent", "--pack-destination", project], { cwd: join(root, "zentinelle-wasm") });
  const tarballs = readdirSync(project).filter((name) => name.endsWith(".tgz"));
  writeFileSync(join(project, "package.json"), '{ "private": true }\n');
  run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--offline", ...tarballs.map((name) => `./${name}`)]);

  let count = 0;
  const scripts = [];
  for (const folder of ["zentinelle-node", "zentinelle-wasm"]) {
    for (const [kind, code] of examples(join(root, folder, "README.md"))) {
      count += 1;
      const extension = { esm: "mjs", cjs: "cjs", ts: "mts" }[kind];
      const name = `${folder}-${count}.${extension}`;
      writeFileSync(join(project, name), code);
      scripts.push(name.replace(/\.mts$/, ".mjs"));
    }
  }
  // The types serve CommonJS in TypeScript as well.
  const common = 'import zentinelle = require("@zentinelle/agent");\nexport const allowed: boolean = zentinelle.Engine.fromYaml("policies: [{ name: a, type: context_limit, config: {} }]").decide({ action: "x" }).allowed;\n';
  writeFileSync(join(project, "common.cts"), common);
  const types = join(root, "zentinelle-node/node_modules/@types");
  const options = {
    compilerOptions: {
      strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, target: "es2022", module: "nodenext",
      lib: ["es2023", "dom", "esnext.disposable"], types: ["node"], typeRoots: [types],
    },
    include: ["*.mts", "*.cts"],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(options));
  run(process.execPath, [join(root, "zentinelle-node/node_modules/typescript/bin/tsc"), "-p", project], { stdio: "inherit" });

  for (const name of [...scripts, "common.cjs"]) {
    for (const engine of name.startsWith("zentinelle-node") ? ["addon", "wasm"] : ["addon"]) {
      run(process.execPath, [name], { env: { ...process.env, ZENTINELLE_ENGINE: engine } });
    }
  }
  const kind = 'console.log(require("@zentinelle/agent").engineKind)';
  const found = () => run(process.execPath, ["-e", kind]).trim();
  if (found() !== "addon") throw new Error("the addon of this platform was not found");
  // As on a platform without an addon, where npm leaves the optional package out.
  for (const name of readdirSync(join(project, "node_modules/@zentinelle"))) {
    if (name.startsWith("agent-")) rmSync(join(project, "node_modules/@zentinelle", name), { recursive: true });
  }
  if (found() !== "wasm") throw new Error("without the addon, the module did not take its place");
  if (count < 6) throw new Error(`only ${count} examples were found: an empty run proves nothing`);
  console.log(`${count} examples ran in a project of their own, with the addon and without`);
} finally {
  rmSync(project, { recursive: true, force: true });
}
