// Moves the inline scripts of every exported page into files beside it, named for their content, so that the
// pages run under a content policy without `unsafe-inline`.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const out = new URL("../out/", import.meta.url).pathname;
const place = "_next/static/inline";
mkdirSync(join(out, place), { recursive: true });

let pages = 0;
for (const name of readdirSync(out, { recursive: true })) {
  if (!name.endsWith(".html")) continue;
  const path = join(out, name);
  const parts = [];
  // Inline scripts only push onto one list, in order; together at the place of the last they do the same.
  let html = readFileSync(path, "utf8").replaceAll(/<script(?![^>]*\bsrc=)([^>]*)>([\s\S]*?)<\/script>/g, (whole, attributes, code) => {
    if (/type="(?!text\/javascript|module)/.test(attributes)) return whole;
    parts.push(code.endsWith(";") ? code : `${code};`);
    return "";
  });
  if (/\sstyle="/.test(html) || /<style/.test(html)) throw new Error(`${name} carries inline styles, which the content policy forbids`);
  if (parts.length > 0) {
    const code = parts.join("\n");
    const file = `${place}/${createHash("sha256").update(code).digest("hex").slice(0, 20)}.js`;
    writeFileSync(join(out, file), code);
    html = html.replace("</body>", `<script src="/zentinelle/${file}"></script></body>`);
  }
  writeFileSync(path, html);
  pages += 1;
}
console.log(`${pages} pages without inline code`);
