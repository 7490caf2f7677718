// Apollo Client: a query with a fragment and pages, a refusal, a typed error, and documents by hash.

import { createHash } from "node:crypto";

import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";

const [url] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${process.env.TOKEN}` };
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

function clientOf(...links) {
  const typePolicies = { Account: { fields: { domains: relayStylePagination() } } };
  const http = new HttpLink({ uri: url, headers });
  return new ApolloClient({ cache: new InMemoryCache({ typePolicies }), link: links.reduceRight((next, link) => link.concat(next), http) });
}

const DOMAINS = gql`
  query Domains($first: Int!, $after: Cursor) {
    me {
      ...Names
      domains(first: $first, after: $after) {
        edges { node { id name createdAt } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
  fragment Names on Account { id email displayName }
`;
const REMOVE = gql`
  mutation Remove($id: ID!) {
    removeDomain(input: { domainId: $id }) {
      domain { id }
      errors { __typename code message field }
    }
  }
`;

const client = clientOf();
const first = await client.query({ query: DOMAINS, variables: { first: 1 } });
const { endCursor } = first.data.me.domains.pageInfo;
await client.query({ query: DOMAINS, variables: { first: 1, after: endCursor } });
const both = client.readQuery({ query: DOMAINS, variables: { first: 1 } });
const removed = await client.mutate({ mutation: REMOVE, variables: { id: "nothing" } });

let refusal;
try {
  await client.query({ query: gql`{ me { nothing } }` });
} catch (error) {
  refusal = CombinedGraphQLErrors.is(error) ? error.errors[0].extensions.code : String(error);
}

const byHash = clientOf(new PersistedQueryLink({ sha256 }));
const persisted = await byHash.query({ query: DOMAINS, variables: { first: 1 } });

console.log(
  JSON.stringify({
    email: first.data.me.email,
    domains: both.me.domains.edges.map(({ node }) => node.name),
    removed: removed.data.removeDomain.errors.map(({ code }) => code),
    refusal,
    persisted: persisted.data.me.email,
  }),
);
