// Writes ts/wire.ts from the JSON Schemas of the outward forms, which the core derives from its own types.
// `--check` writes nothing and fails when the file has drifted.
import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const schemas = new URL("../../docs/reference/schemas/", import.meta.url);
const target = new URL("../ts/wire.ts", import.meta.url);
/** Schema file by the name its type gets. */
const roots = {
  Agent: "agent",
  DecisionDocument: "decision",
  Policy: "policy",
  RequestDocument: "request_document",
};

const definitions = {};
for (const [name, file] of Object.entries(roots)) {
  const { $defs = {}, $schema, title, ...own } = JSON.parse(readFileSync(new URL(`${file}.json`, schemas), "utf8"));
  Object.assign(definitions, $defs, { [name]: own });
}
// Words of Rust's documentation mean nothing to readers of these types.
const plain = JSON.stringify(definitions)
  .replaceAll(/\[`([^`\]]+)`\](?:\([^)]*\))?/g, "`$1`")
  .replaceAll("#/$defs/", "#/definitions/");
const all = { definitions: JSON.parse(plain) };

const written = await compile(all, "Unused", {
  additionalProperties: false,
  bannerComment: "// Written by scripts/generate-types.mjs from docs/reference/schemas; do not edit.",
  unreachableDefinitions: true,
  style: { printWidth: 120 },
});
const text = written
  .replace(/export interface Unused \{\s*\}\n/, "")
  .replaceAll(/(?: \* ?\n)? \* This (?:interface|type) was referenced by `Unused`'s JSON-Schema\n \* via the `definition` "[^"]*"\.\n/g, "")
  .replaceAll("/**\n */\n", "")
  .replaceAll(" * \n", " *\n");
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error("error: ts/wire.ts has drifted from docs/reference/schemas\nhelp: run `npm run generate` and commit it");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
