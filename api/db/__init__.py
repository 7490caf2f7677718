"""Engines, sessions, roles and the embedded PostgreSQL."""
