// The private key: made here, written for its owner alone before anything is ordered, and sent nowhere.
// What leaves is the certificate signing request (RFC 2986), which holds the public key and the names.

import { KeyObject, X509Certificate, webcrypto } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension, cryptoProvider } from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export interface KeptKey {
  folder: string;
  privateKey: KeyObject;
  csr: string;
}

/** Make a P-256 key in a new folder, and a signing request for the names. */
export async function makeKey(folder: string, names: readonly string[]): Promise<KeptKey> {
  cryptoProvider.set(webcrypto as Crypto);
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as CryptoKeyPair;
  const privateKey = KeyObject.from(keys.privateKey as webcrypto.CryptoKey);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  await writeFile(join(folder, "private_key.pem"), pem, { mode: 0o600, flag: "wx" });
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value })))],
  });
  return { folder, privateKey, csr: request.toString("pem") };
}

/** Keep the chain beside the key; throws, and keeps nothing, unless it certifies this key for these names. */
export async function keepChain(key: KeptKey, names: readonly string[], chainPem: string): Promise<string> {
  const leaf = new X509Certificate(chainPem);
  if (!leaf.checkPrivateKey(key.privateKey)) throw new Error("The certificate is for another key.");
  const missing = names.filter((name) => leaf.checkHost(name) === undefined);
  if (missing.length > 0) throw new Error(`The certificate does not hold ${missing.join(", ")}.`);
  const path = join(key.folder, "chain.pem");
  await writeFile(path, chainPem, { mode: 0o644, flag: "wx" });
  return path;
}
