// graphql-codegen's client preset with strict scalars, over the schema and every document of ours; then the compiler of
// TypeScript over what came out. The folder to write to in argv, and files with documents after it.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { codegen } from "@graphql-codegen/core";
import { preset } from "@graphql-codegen/client-preset";
import { buildASTSchema, parse } from "graphql";
import ts from "typescript";

const SCHEMA = new URL("../../../schema.graphql", import.meta.url);
const [folder, ...files] = process.argv.slice(2);

const schema = parse(await readFile(SCHEMA, "utf8"));
const documents = await Promise.all(
  files.map(async (location) => {
    const rawSDL = await readFile(location, "utf8");
    return { location, rawSDL, document: parse(rawSDL) };
  }),
);
const sections = await preset.buildGeneratesSection({
  baseOutputDir: join(folder, "graphql/"),
  schema,
  schemaAst: buildASTSchema(schema, { assumeValidSDL: true }),
  documents,
  plugins: [],
  pluginMap: {},
  config: {
    documentMode: "string",
    strictScalars: true,
    scalars: { Cursor: "string", DateTime: "string", JSON: "unknown" },
    enumsAsTypes: true,
    useTypeImports: true,
  },
  presetConfig: { persistedDocuments: { hashAlgorithm: "sha256" } },
});

const written = [];
for (const section of sections) {
  await mkdir(dirname(section.filename), { recursive: true });
  await writeFile(section.filename, await codegen(section));
  written.push(section.filename);
}

const program = ts.createProgram(
  written.filter((name) => name.endsWith(".ts")),
  {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
  },
);
const problems = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
console.log(JSON.stringify({ written: written.map((name) => basename(name)), problems }));
