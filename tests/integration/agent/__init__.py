"""The agent's own command against a server on the loopback that speaks the published schema."""
