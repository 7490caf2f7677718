// The client of graphql-sse in distinct connections mode: subscribes to a document and prints the first events. URL,
// document, variables, how many.

import { createClient } from "graphql-sse";

const [url, query, variables = "{}", wanted = "1"] = process.argv.slice(2);
const client = createClient({
  url,
  retryAttempts: 0,
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
  fetchFn: async (...request) => {
    const response = await fetch(...request);
    console.error(response.ok ? "open" : `refused: ${response.status}`);
    return response;
  },
});
const events = [];
console.error("subscribing");
for await (const event of client.iterate({ query, variables: JSON.parse(variables) })) {
  events.push(event);
  if (events.length >= Number(wanted)) break;
}
client.dispose();
console.log(JSON.stringify(events));
