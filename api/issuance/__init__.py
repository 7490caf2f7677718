"""Getting certificates from an authority: the request gate, the order machine and the ACME transport (RFC 8555)."""
