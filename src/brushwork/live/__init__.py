"""Live stylisation of a camera."""
