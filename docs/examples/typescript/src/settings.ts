// Where the service is and who signs in: from the environment, else from what `make dev` wrote for scripts.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../../../../", import.meta.url));

/** The fields of `var/dev.json` that are used here. */
interface DevelopmentFile {
  graphql: string;
  email: string;
  password: string;
  challenge_server: string;
}

export interface Settings {
  endpoint: string;
  apiToken: string | undefined;
  email: string;
  password: string;
  /** Answers DNS for the local certificate authority; takes the place of your DNS provider's interface. */
  challengeServer: string;
  /** Where keys and certificates are kept. */
  folder: string;
}

export async function readSettings(environment: NodeJS.ProcessEnv): Promise<Settings> {
  const path = join(environment["SSLM_VAR"] ?? join(PROJECT, "var"), "dev.json");
  const found = JSON.parse(await readDevelopmentFile(path)) as DevelopmentFile;
  return {
    endpoint: environment["SSLM_GRAPHQL"] ?? found.graphql,
    apiToken: environment["SSLM_API_TOKEN"],
    email: environment["SSLM_EMAIL"] ?? found.email,
    password: environment["SSLM_PASSWORD"] ?? found.password,
    challengeServer: found.challenge_server,
    folder: environment["SSLM_CERTIFICATES"] ?? "certificates",
  };
}

async function readDevelopmentFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new Error(`${path} is not there. Run \`make dev\` in another terminal, or name its folder in SSLM_VAR.`);
  }
}
