"""Rendering of one image: tiles, exact statistics, strokes, regions, memory."""
