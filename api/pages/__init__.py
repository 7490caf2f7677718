"""Server-rendered pages: the API's first client. Their data are GraphQL operations, run and audited like any other."""
