// Puts the engine's module and its glue where the portal serves them: public/engine/. The page imports it at run
// time by address, so that no other page carries it.
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";

const from = new URL("../../../zentinelle-wasm/", import.meta.url).pathname;
const to = new URL("../public/engine/", import.meta.url).pathname;
rmSync(to, { recursive: true, force: true });
mkdirSync(`${to}dist`, { recursive: true });
cpSync(`${from}web`, `${to}web`, { recursive: true });
cpSync(`${from}dist/esm`, `${to}dist/esm`, { recursive: true, filter: (name) => !/\.d\.ts$|wasm-(?:node|bundler)\.js$/.test(name) });
console.log(`${readdirSync(`${to}dist/esm`).length} files of glue and the module`);
