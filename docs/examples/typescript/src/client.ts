// A small typed client: one function, which sends a document and returns exactly what the document asks for.
//
// In a browser the cookies are the browser's business. A program keeps them itself, here in memory, and never sends
// them or a bearer token in the clear to another machine.

import type { TypedDocumentString } from "./generated.js";

const CSRF_COOKIE = "__Host-csrf";
const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);
const TIMEOUT_MILLISECONDS = 30_000;

interface ErrorEntry {
  message: string;
  extensions?: { code?: string; requestId?: string; retryAt?: string };
}

interface Answer<Result> {
  data?: Result | null;
  errors?: ErrorEntry[];
}

/** The request as a whole was refused: nothing of the answer may be used. `code` has a page in docs/errors/. */
export class RequestRefused extends Error {
  readonly code: string;
  readonly requestId: string | undefined;

  constructor(entry: ErrorEntry) {
    super(entry.message);
    this.name = "RequestRefused";
    this.code = entry.extensions?.code ?? "UNKNOWN";
    this.requestId = entry.extensions?.requestId;
  }
}

/** A document that needs no variables may be asked without them; any other cannot be. */
type Arguments<Variables> = Record<string, never> extends Variables ? [variables?: Variables] : [variables: Variables];

export class Client {
  readonly #endpoint: URL;
  readonly #apiToken: string | undefined;
  readonly #cookies = new Map<string, string>();

  /** Without an API token the client is a visitor until it signs in. */
  constructor(endpoint: string, apiToken?: string) {
    this.#endpoint = new URL(endpoint);
    this.#apiToken = apiToken;
    if (this.#endpoint.protocol !== "https:" && !LOOPBACK.has(this.#endpoint.hostname)) {
      throw new Error(`${endpoint} is neither https nor on this machine. Nothing was sent.`);
    }
  }

  /** Send a document; throws `RequestRefused`, or what `fetch` throws when there is no answer at all. */
  async ask<Result, Variables>(
    document: TypedDocumentString<Result, Variables>,
    ...[variables]: Arguments<Variables>
  ): Promise<Result> {
    const response = await fetch(this.#endpoint, {
      method: "POST",
      headers: this.#headers(),
      body: JSON.stringify({ query: document.toString(), variables: variables ?? {} }),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    this.#keepCookies(response.headers.getSetCookie());
    const answer = await readAnswer<Result>(response);
    const [refusal] = answer.errors ?? [];
    if (refusal) throw new RequestRefused(refusal);
    if (answer.data == null) throw new RequestRefused({ message: "The answer holds no data." });
    return answer.data;
  }

  #headers(): Record<string, string> {
    const headers: Record<string, string> = {
      Accept: "application/graphql-response+json, application/json;q=0.9",
      "Content-Type": "application/json",
    };
    if (this.#apiToken) return { ...headers, Authorization: `Bearer ${this.#apiToken}` };
    const csrf = this.#cookies.get(CSRF_COOKIE);
    if (csrf) headers["X-CSRF-Token"] = csrf;
    if (this.#cookies.size > 0) {
      headers["Cookie"] = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    }
    return headers;
  }

  /** `__Host-` cookies belong to this very host and to every path of it, so name and value are all there is to keep. */
  #keepCookies(lines: string[]): void {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(name.length + 1);
      const ended = value === "" || attributes.some((attribute) => attribute.toLowerCase() === "max-age=0");
      if (!name.startsWith("__Host-")) continue;
      if (ended) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

/** A refusal has the same shape as an answer; only what stands before the service may send something else. */
async function readAnswer<Result>(response: Response): Promise<Answer<Result>> {
  const text = await response.text();
  try {
    return JSON.parse(text) as Answer<Result>;
  } catch {
    return { errors: [{ message: `Not an answer of the service: HTTP ${response.status}.` }] };
  }
}
