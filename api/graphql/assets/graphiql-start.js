// Starts GraphiQL against our endpoint. One rule: nothing is kept in the browser: no query, no answer, no token.
"use strict";

(() => {
  const nonce = document.querySelector("script[src$='graphiql-start.js']").nonce;
  const place = document.getElementById("graphiql");

  // A library inside GraphiQL adds a style element when a dialog opens; the page's policy wants our nonce on it.
  const createElement = document.createElement.bind(document);
  document.createElement = (name, options) => {
    const element = createElement(name, options);
    if (String(name).toLowerCase() === "style") element.nonce = nonce;
    return element;
  };

  // GraphiQL keeps its tabs, history and headers in localStorage unless it is given another store. This one forgets.
  const kept = new Map();
  const storage = {
    get length() {
      return kept.size;
    },
    clear: () => kept.clear(),
    getItem: (name) => kept.get(name) ?? null,
    removeItem: (name) => kept.delete(name),
    setItem: (name, value) => kept.set(name, String(value)),
  };

  const cookie = (name) =>
    document.cookie
      .split("; ")
      .find((one) => one.startsWith(`${name}=`))
      ?.slice(name.length + 1);

  // Read at each request: signing in elsewhere changes it. With a bearer token the session's cookie stays at home.
  const send = (address, options) => {
    const headers = new Headers(options.headers);
    const csrf = cookie("__Host-csrf");
    const bearer = headers.has("Authorization");
    if (csrf && !bearer) headers.set("X-CSRF-Token", csrf);
    headers.set("Accept", "application/graphql-response+json, application/json;q=0.9");
    return fetch(address, { ...options, headers, credentials: bearer ? "omit" : "same-origin" });
  };

  // The socket's client takes 4403 for something that may pass and tries for 40 seconds. Ours means: nobody is signed in.
  const FORBIDDEN = 4403;
  const FINAL = 4401;
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    set onclose(told) {
      super.onclose = (event) => {
        const { code, reason, wasClean } = event;
        told(code === FORBIDDEN ? new CloseEvent("close", { code: FINAL, reason, wasClean }) : event);
      };
    }
  };

  // The end of a socket is told like any other refusal, instead of as a stack of this page's scripts.
  async function* told(events) {
    try {
      yield* events;
    } catch (error) {
      if (!String(error?.message).includes(`event ${FINAL}`)) throw error;
      const message =
        "Nobody is signed in, or what let you in has ended, so nothing is sent any more. Sign in, or put an API token under Headers.";
      yield { errors: [{ message, extensions: { code: "CREDENTIAL_REFUSED" } }] };
    }
  }

  const ask = GraphiQL.createFetcher({
    url: new URL(place.dataset.endpoint, window.location.href).toString(),
    enableIncrementalDelivery: false,
    fetch: send,
    // The socket of a page of ours carries the session's cookie; what stands under "Headers" goes along as its payload.
    subscriptionUrl: new URL(place.dataset.endpoint, window.location.href.replace(/^http/, "ws")).toString(),
  });

  const fetcher = async (parameters, options) => {
    const answer = await ask(parameters, options);
    return answer?.[Symbol.asyncIterator] ? told(answer) : answer;
  };

  const firstQuery = document.getElementById("first-query").content.textContent;
  const linkedQuery = new URLSearchParams(window.location.hash.slice(1)).get("query");

  ReactDOM.createRoot(place).render(
    React.createElement(GraphiQL, {
      fetcher,
      storage,
      defaultQuery: firstQuery,
      query: linkedQuery ?? undefined,
      defaultEditorToolsVisibility: "headers",
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: false,
      inputValueDeprecation: true,
      plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    }),
  );
})();
