// graphql-http's audits of a server, as a caller who may introspect: URL in argv, the token in TOKEN.

import { serverAudits } from "graphql-http";

const [url] = process.argv.slice(2);

function fetchAs(address, init = {}) {
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${process.env.TOKEN}`);
  return fetch(address, { ...init, headers });
}

const results = [];
for (const audit of serverAudits({ url, fetchFn: fetchAs })) {
  const { status, reason } = await audit.fn();
  results.push({ id: audit.id, name: audit.name, status, reason: reason ?? "" });
}
console.log(JSON.stringify(results));
