"""Styles by name: the gallery that ships with a model, and contact sheets of it."""
