"""How one image is painted: tiles, exact statistics, strokes, regions, memory."""
