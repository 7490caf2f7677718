// The client of graphql-ws: subscribes to a document and prints the first events. URL, document, variables, how many.

import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, query, variables = "{}", wanted = "1"] = process.argv.slice(2);
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  retryAttempts: 0,
  on: { connected: () => console.error("open") },
  connectionParams: { Authorization: `Bearer ${process.env.TOKEN}` },
});
const events = [];
console.error("subscribing");
for await (const event of client.iterate({ query, variables: JSON.parse(variables) })) {
  events.push(event);
  if (events.length >= Number(wanted)) break;
}
await client.dispose();
console.log(JSON.stringify(events));
