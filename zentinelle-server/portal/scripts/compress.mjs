// Puts the smaller forms of every exported file beside it; the server sends what the browser takes.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const out = new URL("../out/", import.meta.url).pathname;
const LEAST = 1024;
let [count, before, after] = [0, 0, 0];
for (const name of readdirSync(out, { recursive: true })) {
  const path = join(out, name);
  if (!/\.(?:html|js|css|json|svg|txt|wasm)$/.test(name) || statSync(path).size < LEAST) continue;
  const bytes = readFileSync(path);
  const small = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  writeFileSync(`${path}.br`, small);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  count += 1;
  before += bytes.length;
  after += small.length;
}
console.log(`${count} files, ${(before / 1024).toFixed(0)} KB, compressed ${(after / 1024).toFixed(0)} KB`);
