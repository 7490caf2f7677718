"""Trusted documents: read from a folder, checked against the schema, kept where every process of a fleet finds them."""
