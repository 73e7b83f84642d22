"""Painted frames written to video files, animations and numbered images."""
