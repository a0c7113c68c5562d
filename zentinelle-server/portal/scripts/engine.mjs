// Puts the engine's module and its glue where the portal serves them: public/engine/. The page imports it at run
// time by address, so that no other page carries it.
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";

const from = new URL("../../../zentinelle-wasm/", import.meta.url).pathname;
const to = new URL("../public/engine/", import.meta.url).pathname;
rmSync(to, { recursive: true, force: true });
mkdirSync(`${to}dist/esm`, { recursive: true });
cpSync(`${from}web`, `${to}web`, { recursive: true });
for (const name of readdirSync(`${from}dist/esm`)) {
  if (!name.endsWith(".js") || /^wasm-(?:node|bundler)/.test(name)) continue;
  cpSync(`${from}dist/esm/${name}`, `${to}dist/esm/${name}`);
}
console.log(`${readdirSync(`${to}dist/esm`).length} files of glue and the module`);
