"""Reading clips from video files, animations and numbered pictures."""
