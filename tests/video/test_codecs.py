"""Encoders: the same frames always give the same bytes, which resuming relies on."""

import json
import os
import subprocess
import sys

import pytest

from brushwork.video.writing.codecs import CODECS

PROGRAM = """
import hashlib, json
from fractions import Fraction
from pathlib import Path
import av
import numpy as np
from brushwork.video.reading.frames import ColorInfo, encode
from brushwork.video.writing.codecs import CODECS, choose

blots = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).repeat(5, axis=0).repeat(6, axis=1)

def digest(name, form, height, width):
    encoding, packets = choose(Path("clip.mkv"), name), []
    context = av.CodecContext.create(encoding.codec.encoder, "w")
    context.height, context.width, context.pix_fmt = height, width, form
    context.time_base, context.framerate, context.options = Fraction(1, 24), Fraction(24), encoding.options
    for number in range(6):
        pixels = blots[number : number + height, 3 * number : 3 * number + width]
        deep = "10" in form or "16" in form
        frame = encode((257 * pixels).astype(np.uint16) if deep else pixels.astype(np.uint8), ColorInfo(), form)
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return hashlib.sha256(b"".join(map(bytes, packets))).hexdigest()

print(json.dumps({
    f"{name} {form}": [digest(name, form, height, width) for height, width in ((50, 66), (180, 322))]
    for name, codec in CODECS.items()
    for form in {codec.pixels, codec.deep_pixels if name != "vp9" else codec.pixels}
}))
"""

pytestmark = pytest.mark.numeric


@pytest.fixture(scope="module")
def encoded() -> list[dict[str, list[str]]]:
    """Digests of what every encoder writes, where GNU's allocator fills memory with one byte and with others."""
    environments = [
        {**os.environ, "MALLOC_PERTURB_": filled, "MALLOC_MMAP_THRESHOLD_": str(2**32)} for filled in ("0", "85", "170")
    ]
    command = [sys.executable, "-c", PROGRAM]
    runs = [subprocess.run(command, env=each, capture_output=True, text=True, check=True) for each in environments]
    return [json.loads(run.stdout) for run in runs]


@pytest.mark.parametrize("codec", CODECS)
def test_uninitialised_memory_does_not_change_the_bytes(codec: str, encoded: list[dict[str, list[str]]]) -> None:
    first, *others = [{key: run[key] for key in run if key.startswith(codec)} for run in encoded]
    assert first
    for other in others:
        assert other == first
