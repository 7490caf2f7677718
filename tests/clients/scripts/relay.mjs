// The Relay compiler over fragments with pages and a refetch; persisted documents by SHA-256. The folder in argv holds
// src/ and gets what is written.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const SCHEMA = new URL("../../../schema.graphql", import.meta.url);
const [folder] = process.argv.slice(2);
const compiler = createRequire(import.meta.url)("relay-compiler");

mkdirSync(join(folder, "artifacts"), { recursive: true });
writeFileSync(join(folder, "schema.graphql"), readFileSync(SCHEMA));
writeFileSync(
  join(folder, "relay.config.json"),
  JSON.stringify({
    src: "./src",
    schema: "./schema.graphql",
    artifactDirectory: "./artifacts",
    language: "typescript",
    eagerEsModules: true,
    customScalarTypes: { Cursor: "string", DateTime: "string" },
    requireCustomScalarTypes: true,
    persistConfig: { file: "./persisted.json", algorithm: "SHA256" },
  }),
);
writeFileSync(join(folder, "persisted.json"), "{}");
execFileSync(compiler, ["relay.config.json"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
console.log(JSON.stringify({ artifacts: readdirSync(join(folder, "artifacts")).sort() }));
