"""HTTP: the thin `/graphql` edge, routes, headers. Everything below it is free of HTTP."""
