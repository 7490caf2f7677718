"""Accounts: signing up, getting in, what a holder changes about themselves, and the operator's staff."""
