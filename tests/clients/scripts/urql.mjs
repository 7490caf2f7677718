// urql: it names event streams in `Accept` of every request, and sends queries by GET where it may.

import { Client, cacheExchange, fetchExchange, gql } from "@urql/core";

const [url] = process.argv.slice(2);
const accepted = new Set();

function clientOf(options = {}) {
  return new Client({
    url,
    exchanges: [cacheExchange, fetchExchange],
    fetch: (address, init) => {
      accepted.add(`${init.method} ${new Headers(init.headers).get("accept")}`);
      return fetch(address, init);
    },
    fetchOptions: { headers: { Authorization: `Bearer ${process.env.TOKEN}` } },
    ...options,
  });
}

const ME = gql`query Me($first: Int!) { me { id email domains(first: $first) { edges { node { name } } } } }`;
const ADD = gql`mutation Add($name: String!) { addDomain(input: { name: $name }) { domain { name } errors { code } } }`;

const posting = await clientOf({ preferGetMethod: false }).query(ME, { first: 1 }).toPromise();
const getting = await clientOf({ preferGetMethod: "force" }).query(ME, { first: 1 }).toPromise();
const adding = await clientOf().mutation(ADD, { name: "urql.canarysuites.example.org" }).toPromise();
const refused = await clientOf().query(gql`{ me { nothing } }`, {}).toPromise();

console.log(
  JSON.stringify({
    posting: posting.data?.me.email ?? String(posting.error),
    getting: getting.data?.me.email ?? String(getting.error),
    adding: adding.data?.addDomain.domain.name ?? String(adding.error),
    refused: refused.error?.graphQLErrors.map(({ extensions }) => extensions.code) ?? [],
    accepted: [...accepted],
  }),
);
