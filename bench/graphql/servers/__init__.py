"""The servers of the benchmark; each answers the same documents with the same JSON."""
