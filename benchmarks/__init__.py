"""Side-by-side measurements; each prints a table. Run them from the repository's root, as ``scripts/bench`` does."""
