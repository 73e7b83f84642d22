"""Clips read from video files, animations and numbered images."""
