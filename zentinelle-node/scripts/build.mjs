// Compiles the TypeScript of this package, or with `--package <folder>` of the one in that folder, as ES modules
// and as CommonJS, and copies the declarations to where they are committed and reviewed.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const place = process.argv.indexOf("--package");
const folder = place === -1 ? here : resolve(process.argv[place + 1]);

// The schemas the core derives from its types, as texts: in the module itself they would weigh ten times as much.
const schemas = fileURLToPath(new URL("../../docs/reference/schemas", import.meta.url));
const entries = readdirSync(schemas).sort().map((file) => {
  const text = JSON.stringify(JSON.parse(readFileSync(join(schemas, file), "utf8")));
  return `  ${file.replace(".json", "")}:\n    ${JSON.stringify(text)},`;
});
writeFileSync(
  join(here, "ts/schemas.ts"),
  `// Written by scripts/build.mjs from docs/reference/schemas.\n\n/** @internal */\nexport const SCHEMAS: Readonly<Record<string, string>> = {\n${entries.join("\n")}\n};\n`,
);

rmSync(join(folder, "dist"), { recursive: true, force: true });
const compiler = join(here, "node_modules/typescript/bin/tsc");
for (const project of ["tsconfig.json", "tsconfig.cjs.json"]) {
  execFileSync(process.execPath, [compiler, "-p", join(folder, project)], { stdio: "inherit" });
}
writeFileSync(join(folder, "dist/cjs/package.json"), '{ "type": "commonjs" }\n');

// What this package promises, in a form that shows up in reviews. The two packages share all but the entries.
const types = join(folder, "types");
rmSync(types, { recursive: true, force: true });
mkdirSync(types);
const entry = /^(index|wasm-.*)\.d\.ts$/;
for (const name of readdirSync(join(folder, "dist/esm"), { recursive: true })) {
  if (!name.endsWith(".d.ts") || (folder !== here && !entry.test(name))) continue;
  if (readFileSync(join(folder, "dist/esm", name), "utf8").trim() === "export {};") continue;
  cpSync(join(folder, "dist/esm", name), join(types, name));
}
