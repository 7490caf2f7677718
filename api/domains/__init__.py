"""Domains: the names an account manages, how people type them, and who proved control over them."""
