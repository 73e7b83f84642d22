"""Training: pictures in, a trained network out (torch)."""
