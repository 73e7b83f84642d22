"""Turning a trained network into a model folder."""
