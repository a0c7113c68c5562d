// Compares the sizes of the modules with the committed ones in size.json: growth over 5 % fails. `--update` writes the file anew, for a growth somebody decided on.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";

const folder = new URL("..", import.meta.url);
const committed = new URL("size.json", folder);
/** What we aim at. A miss is told and does not fail: only growth does. */
const modules = {
  whole: { file: "web/zentinelle_bg.wasm", targets: { raw: 2_500_000, gzip: 900_000 } },
  lite: { file: "lite/web/zentinelle_bg.wasm", targets: { raw: 1_000_000 } },
};
const MOST_GROWTH_PERCENT = 5;

const found = {};
for (const [name, { file }] of Object.entries(modules)) {
  const module = readFileSync(new URL(file, folder));
  // The command and not Node's zlib, which trades two per cent of the size for speed.
  const gzip = execFileSync("gzip", ["-9c"], { input: module, maxBuffer: module.length * 2 });
  found[name] = { raw: module.length, gzip: gzip.length, brotli: brotliCompressSync(module).length };
}
if (process.argv.includes("--update")) {
  writeFileSync(committed, `${JSON.stringify(found, null, 2)}\n`);
}
const known = JSON.parse(readFileSync(committed, "utf8"));
const shown = (bytes) => `${bytes.toLocaleString("en")} bytes`;
let failed = false;
for (const [name, { targets }] of Object.entries(modules)) {
  for (const [kind, size] of Object.entries(found[name])) {
    const growth = (size / known[name][kind] - 1) * 100;
    const most = targets[kind];
    const target = most === undefined ? "" : `, target ${shown(most)}: ${size <= most ? "met" : "missed"}`;
    console.log(`${name}, ${kind}: ${shown(size)} (${growth >= 0 ? "+" : ""}${growth.toFixed(1)} % of what is committed)${target}`);
    if (growth > MOST_GROWTH_PERCENT) {
      console.error(`error: the module grew by more than ${MOST_GROWTH_PERCENT} % (${name}, ${kind})`);
      failed = true;
    }
  }
}
if (failed) {
  console.error("help: find what grew, or run `ZENTINELLE_UPDATE_SIZES=1 scripts/wasm.sh --build` and say why in the commit");
  process.exit(1);
}
