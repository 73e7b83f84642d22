"""The fixtures of clips, for what plays them live."""

from tests.video.conftest import load, runtime

__all__ = ["load", "runtime"]
