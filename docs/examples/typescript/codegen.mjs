// Writes src/generated.ts: a type for every operation in documents/, from the schema of this repository.
// A scalar without a type here fails the run, so that a new one never becomes `any` unseen.

import { readdir, readFile, writeFile } from "node:fs/promises";

import { codegen } from "@graphql-codegen/core";
import * as documents from "@graphql-codegen/typed-document-node";
import * as types from "@graphql-codegen/typescript";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";

const SCHEMA = new URL("../../../schema.graphql", import.meta.url);
const DOCUMENTS = new URL("documents/", import.meta.url);
const OUTPUT = new URL("src/generated.ts", import.meta.url);

async function read(file) {
  return parse(await readFile(file, "utf8"));
}

const names = (await readdir(DOCUMENTS)).filter((name) => name.endsWith(".graphql")).sort();

const text = await codegen({
  filename: OUTPUT.pathname,
  schema: await read(SCHEMA),
  documents: await Promise.all(
    names.map(async (name) => ({ location: name, document: await read(new URL(name, DOCUMENTS)) })),
  ),
  config: {
    documentMode: "string",
    enumsAsTypes: true,
    onlyOperationTypes: true,
    scalars: { Cursor: "string", DateTime: "string", JSON: "unknown" },
    skipTypename: true,
    strictScalars: true,
    useTypeImports: true,
  },
  plugins: [{ types: {} }, { operations: {} }, { documents: {} }],
  pluginMap: { types, operations, documents },
});

await writeFile(OUTPUT, `// Written by codegen.mjs; not edited by hand.\n${text}`);
console.log(`src/generated.ts: the types of ${names.length} documents`);
