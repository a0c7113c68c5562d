// What the browser must fetch before a page works, against the limit: compressed with Brotli, as the server sends it to
// every browser of the last years; gzip is told beside it. Fails above the limit.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const LIMIT = 400 * 1024;
const out = new URL("../out/", import.meta.url).pathname;
const pages = readdirSync(out, { recursive: true }).filter((name) => name.endsWith("index.html"));
const sizes = new Map();
const sizeOf = (file) => {
  if (!sizes.has(file)) {
    const bytes = readFileSync(join(out, file));
    sizes.set(file, file.endsWith(".woff2") ? [bytes.length, bytes.length] : [gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length]);
  }
  return sizes.get(file);
};

const rows = pages.map((page) => {
  const html = readFileSync(join(out, page), "utf8");
  const files = new Set([page]);
  for (const [, address] of html.matchAll(/(?:src|href)="\/zentinelle\/([^"]+\.(?:js|css|woff2))"/g)) if (!/nomodule/i.test(address)) files.add(address);
  for (const [tag] of html.matchAll(/<script[^>]*nomodule[^>]*>/gi)) files.delete(/src="\/zentinelle\/([^"]+)"/i.exec(tag)?.[1]);
  const all = [...files].map(sizeOf);
  return { page: `/${page.replace(/index\.html$/, "")}`, gzip: all.reduce((sum, [one]) => sum + one, 0), brotli: all.reduce((sum, [, one]) => sum + one, 0) };
});
// The Latin face is asked for by the style sheet, not by the page.
const face = readdirSync(out, { recursive: true }).find((name) => /inter-latin-(?:wght|opsz)-normal.*\.woff2$/.test(name) && !name.includes("ext"));
const font = face ? sizeOf(face)[0] : 0;
rows.sort((a, b) => b.brotli - a.brotli);
const kb = (bytes) => `${(bytes / 1024).toFixed(0)} KB`;
for (const row of rows.slice(0, Number(process.argv[2] ?? 5))) console.log(`${kb(row.brotli + font).padStart(7)} brotli ${kb(row.gzip + font).padStart(7)} gzip  ${row.page}`);
const most = rows[0];
if (!most || most.brotli + font > LIMIT) {
  console.error(`error: the first load of ${most?.page} is above ${kb(LIMIT)}`);
  process.exit(1);
}
