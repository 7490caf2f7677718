import { graphql } from "relay-runtime";

export const query = graphql`
  query relayDomainsQuery($first: Int!, $after: Cursor) {
    me {
      ...relay_domains @arguments(first: $first, after: $after)
    }
  }
`;

export const domains = graphql`
  fragment relay_domains on Account
  @refetchable(queryName: "relayDomainsPageQuery")
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "Cursor" }) {
    email
    domains(first: $first, after: $after) @connection(key: "relay_domains_domains") {
      edges {
        node {
          ...relay_domain
        }
      }
    }
  }
`;

export const domain = graphql`
  fragment relay_domain on Domain @refetchable(queryName: "relayDomainQuery") {
    id
    name
    createdAt
    validations(first: 1) {
      edges {
        node {
          validUntil
        }
      }
    }
  }
`;

export const add = graphql`
  mutation relayAddDomainMutation($name: String!, $connections: [ID!]!) {
    addDomain(input: { name: $name }) {
      domain @prependNode(connections: $connections, edgeTypeName: "DomainEdge") {
        ...relay_domain
      }
      errors {
        code
        message
        ... on InvalidInput {
          rule
        }
      }
    }
  }
`;
