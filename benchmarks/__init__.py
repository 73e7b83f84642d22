"""Benchmarks, each of which prints a table. Run them from the root of the repository, as ``scripts/bench`` does."""
