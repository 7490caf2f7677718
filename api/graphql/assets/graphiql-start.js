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

  const fetcher = GraphiQL.createFetcher({
    url: new URL(place.dataset.endpoint, window.location.href).toString(),
    enableIncrementalDelivery: false,
    fetch: send,
    // The socket of a page of ours carries the session's cookie; what stands under "Headers" goes along as its payload.
    subscriptionUrl: new URL(place.dataset.endpoint, window.location.href.replace(/^http/, "ws")).toString(),
  });

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
