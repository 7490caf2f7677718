// graphql-eslint over schema.graphql and over the files with documents in argv. What is switched off is listed with why.

import graphqlPlugin from "@graphql-eslint/eslint-plugin";
import { ESLint } from "eslint";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SCHEMA = fileURLToPath(new URL("../../../schema.graphql", import.meta.url));
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const documents = process.argv.slice(2);

const connections = {
  // Connections, edges, payloads and errors are values of the moment; nothing refetches them by id.
  "@graphql-eslint/strict-id-in-types": [
    "error",
    { exceptions: { types: JSON.parse(process.env.WITHOUT_ID), suffixes: ["Connection", "Edge", "Payload"] } },
  ],
  // `type`, `rule` and the like are the words of RFC 8555 and RFC 7807; a prefix such as `updateSettings` is the field's own name.
  "@graphql-eslint/naming-convention": "off",
  // An enumeration's value that is unused in our own documents is for other people's.
  "@graphql-eslint/no-unreachable-types": "error",
  // `@oneOf` is printed by the library; a directive of the specification has no description here.
  "@graphql-eslint/require-description": ["error", { types: true, rootField: true }],
};
const selections = {
  // Pages show what they show: an id that nothing uses would be one more disclosure.
  "@graphql-eslint/require-selections": "off",
  "@graphql-eslint/naming-convention": "off",
};

const parserOptions = { graphQLConfig: { schema: SCHEMA, documents } };
const config = (files, recommended, rules) => ({
  files,
  languageOptions: { parser: graphqlPlugin.parser, parserOptions },
  plugins: { "@graphql-eslint": graphqlPlugin },
  rules: { ...graphqlPlugin.configs[recommended].rules, ...rules },
});

const eslint = new ESLint({
  cwd: ROOT,
  overrideConfigFile: true,
  overrideConfig: [
    config(["schema.graphql"], "flat/schema-recommended", connections),
    config(["schema.graphql"], "flat/schema-relay", {
      ...connections,
      // Pages go forward only; both arguments of the backward direction are absent on purpose.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      // Lists that are short by nature are lists, and what stands in an edge need not be an object of its own.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
    }),
    config(["api/**/*.graphql", "docs/**/*.graphql", "tests/clients/documents/*.graphql"], "flat/operations-recommended", selections),
  ],
});
const results = await eslint.lintFiles([SCHEMA, ...documents]);
const problems = results.flatMap(({ filePath, messages }) =>
  messages.map(({ ruleId, message }) => `${filePath.replace(ROOT, "")} ${ruleId}: ${message}`),
);
console.log(JSON.stringify({ files: results.length, problems }));
