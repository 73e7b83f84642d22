"""Many pictures in one run."""
