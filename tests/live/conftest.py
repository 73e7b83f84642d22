"""The fixtures of clips, for tests of the live camera."""

from tests.video.conftest import load, runtime

__all__ = ["load", "runtime"]
