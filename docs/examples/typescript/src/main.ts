// The story: sign in, add a domain, order a certificate for it, prove control by DNS, keep key and chain.

import { randomBytes } from "node:crypto";
import { join } from "node:path";

import { keepChain, makeKey } from "./certificate_request.js";
import { Client, RequestRefused } from "./client.js";
import { AddDomainDocument, MeDocument, OrderNoticesDocument, SignInDocument, SignOutDocument } from "./generated.js";
import { type CompleteOrder, type Notices, confirm, placeOrder, recordsToPlace, until } from "./order.js";
import { done, present } from "./problems.js";
import { Records } from "./records.js";
import { type Settings, readSettings } from "./settings.js";

function tell(title: string, ...facts: string[]): void {
  console.log([title, ...facts.map((fact) => `    ${fact}`)].join("\n"));
}

/** With an API token there is nothing to sign in to. */
async function signIn(client: Client, settings: Settings): Promise<void> {
  if (settings.apiToken) return tell("Uses an API token");
  const { email, password } = settings;
  const { signIn: payload } = await client.ask(SignInDocument, { email, password });
  done("Not signed in", payload);
  tell(`Signed in as ${email}`);
}

async function showAccount(client: Client): Promise<void> {
  const { me } = await client.ask(MeDocument);
  const account = present("The account", me);
  tell(
    "The account",
    `${account.email}, confirmed ${account.emailVerifiedAt ?? "not yet"}, plan ${account.plan}`,
    `${account.domains.totalCount} domains, ${account.certificates.totalCount} certificates`,
  );
}

async function addDomain(client: Client): Promise<string> {
  const name = `client-${randomBytes(4).toString("hex")}.example.com`;
  const { addDomain: payload } = await client.ask(AddDomainDocument, { name });
  const domain = present("The domain", done("The domain was not added", payload).domain);
  tell(`Added ${domain.name}`);
  return domain.name;
}

/** Whoever runs this acknowledges the notices; a frontend would show them with a box to tick. */
async function readNotices(client: Client, names: string[]): Promise<Notices> {
  const { orderNotices } = await client.ask(OrderNoticesDocument, { names });
  const notices = present("The notices", orderNotices);
  for (const notice of [notices.certificateTransparency, notices.certificateAuthority]) {
    tell(`Acknowledges notice ${notice.version}`, notice.text);
  }
  for (const warning of notices.warnings) tell(`Mind ${warning.name}`, warning.text);
  return notices;
}

/** The order may need no proof at all: the authority remembers recent ones. */
async function prove(client: Client, orderId: string, records: Records): Promise<CompleteOrder> {
  const opened = await until(client, orderId, new Set(["REQUESTED"]));
  if (opened.state !== "PENDING") return until(client, orderId, new Set(["VALIDATING", "FINALIZING"]));
  const placed = recordsToPlace(opened);
  try {
    for (const [name, text] of placed) {
      await records.place(name, text);
      tell("Placed a TXT record", `${name}  ${text}`);
    }
    await confirm(client, opened);
    return await until(client, orderId, new Set(["PENDING", "VALIDATING", "FINALIZING"]));
  } finally {
    for (const [name] of placed) await records.remove(name);
  }
}

async function obtain(client: Client, settings: Settings, name: string): Promise<void> {
  const notices = await readNotices(client, [name]);
  const key = await makeKey(join(settings.folder, name), [name]);
  tell("Made a P-256 key and a signing request", `the key stays in ${key.folder}`);
  const { id } = await placeOrder(client, key.csr, notices);
  tell("Ordered, to be proved by DNS");
  const order = await prove(client, id, new Records(settings.challengeServer));
  const certificate = present("The certificate", order.certificate);
  const path = await keepChain(key, order.names, certificate.chainPem);
  tell(
    "Received the certificate, and checked that it is for the key made here",
    `names   ${certificate.names.join(", ")}`,
    `serial  ${certificate.serialNumber}`,
    `issuer  ${certificate.issuerName}`,
    `chain   ${path}`,
    ...order.disclosures.map(({ recipient, fields }) => `told to ${recipient}: ${fields.join(", ")}`),
  );
  console.log(`Done: ${name} has a certificate until ${certificate.notAfter}; its private key never left this machine.`);
}

async function main(): Promise<void> {
  const settings = await readSettings(process.env);
  const client = new Client(settings.endpoint, settings.apiToken);
  await signIn(client, settings);
  try {
    await showAccount(client);
    await obtain(client, settings, await addDomain(client));
  } finally {
    if (!settings.apiToken) await signOut(client);
  }
}

/** A session that could not be ended ends by itself; what went wrong before matters more. */
async function signOut(client: Client): Promise<void> {
  try {
    const { signOut: payload } = await client.ask(SignOutDocument);
    done("Not signed out", payload);
  } catch (error) {
    report(error);
  }
}

function report(error: unknown): void {
  if (error instanceof RequestRefused) console.error(`${error.message} (${error.code}, request ${error.requestId})`);
  else if (error instanceof Error) console.error(error.message, error.cause instanceof Error ? error.cause.message : "");
  else console.error(error);
  process.exitCode = 1;
}

main().catch(report);
