"""Getting in: passwords, tokens, codes, cookies, throttling, and from a credential to a viewer."""
