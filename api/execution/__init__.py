"""From a GraphQL document to an answer: limits, plan, access, execution, audit. Knows the schema only through maps."""
