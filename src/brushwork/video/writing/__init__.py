"""Writers of rendered frames: video files, animations and numbered images."""
