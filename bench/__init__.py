"""Benchmarks: figures with their spread, never tests."""
