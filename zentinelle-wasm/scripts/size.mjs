// Compares the size of the module with the committed one in size.json: growth over 5 % fails. `--update` writes the file anew, for a growth somebody decided on.
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const folder = new URL("..", import.meta.url);
const committed = new URL("size.json", folder);
const module = readFileSync(new URL("web/zentinelle_bg.wasm", folder));
const found = { raw: module.length, gzip: gzipSync(module, { level: 9 }).length };
/** What we aim at. A miss is told and does not fail: only growth does. */
const targets = { raw: 2_500_000, gzip: 900_000 };
const MOST_GROWTH_PERCENT = 5;

const shown = (bytes) => `${bytes.toLocaleString("en")} bytes`;
if (process.argv.includes("--update")) {
  writeFileSync(committed, `${JSON.stringify(found, null, 2)}\n`);
}
const known = JSON.parse(readFileSync(committed, "utf8"));
let failed = false;
for (const kind of ["raw", "gzip"]) {
  const growth = (found[kind] / known[kind] - 1) * 100;
  const target = found[kind] <= targets[kind] ? "met" : "missed";
  console.log(`${kind}: ${shown(found[kind])} (${growth >= 0 ? "+" : ""}${growth.toFixed(1)} % of what is committed), target ${shown(targets[kind])}: ${target}`);
  if (growth > MOST_GROWTH_PERCENT) {
    console.error(`error: the module grew by more than ${MOST_GROWTH_PERCENT} % (${kind})`);
    failed = true;
  }
}
if (failed) {
  console.error("help: find what grew, or run `ZENTINELLE_UPDATE_SIZES=1 scripts/wasm.sh --build` and say why in the commit");
  process.exit(1);
}
