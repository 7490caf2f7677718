"""The holder's own pages: overview, settings, sessions, API tokens, domains, agents."""
