"""Training of the networks on pictures (torch)."""
