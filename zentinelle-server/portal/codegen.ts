// Types for every document, made from the contract. Each feature gets a folder of its own, so that a page
// loads the documents of its feature and no others.
import { existsSync, readdirSync } from "node:fs";
import type { CodegenConfig } from "@graphql-codegen/cli";

const features = readdirSync("src/features", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`src/features/${entry.name}/queries.ts`))
  .map((entry) => entry.name);

const config: CodegenConfig = {
  schema: "../src/graphql/schema/*.graphql",
  generates: Object.fromEntries(
    features.map((name) => [
      `src/features/${name}/gql/`,
      {
        documents: `src/features/${name}/queries.ts`,
        preset: "client" as const,
        presetConfig: { fragmentMasking: false },
        config: {
          useTypeImports: true,
          strictScalars: true,
          enumsAsTypes: true,
          scalars: { UUID: "string", DateTime: "string", Date: "string", Decimal: "string", JSON: "unknown" },
        },
      },
    ]),
  ),
};

export default config;
