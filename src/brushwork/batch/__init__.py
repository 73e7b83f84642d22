"""Stylising many pictures in one run."""
