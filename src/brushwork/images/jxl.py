"""The size of a JPEG XL picture, which its plug-in would tell only after all of it is decoded."""

from typing import BinaryIO

# The start of the codestream, which stands behind these boxes in a container.
_START, _BOXES = b"\xff\x0a", (b"jxlc", b"jxlp")
# Bits of a side by its selector, and width over height by theirs: ISO/IEC 18181-1, section D.2.
_SIDES = (9, 13, 18, 30)
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_HEAD = 2**20


def read_size(file: BinaryIO) -> tuple[int, int] | None:
    """Return height and width, not yet turned, of a file; None if its codestream is not found."""
    file.seek(0)
    head = file.read(_HEAD)
    place = 0
    if not head.startswith(_START):
        boxes = [found for box in _BOXES if (found := head.find(box)) >= 0]
        place = head.find(_START, min(boxes)) if boxes else -1
    if place < 0 or len(head) < place + 12:
        return None
    bits = _Bits(head[place + 2 : place + 12])
    small = bits.take(1) == 1

    def side() -> int:
        return 8 * (bits.take(5) + 1) if small else bits.take(_SIDES[bits.take(2)]) + 1

    height = side()
    ratio = bits.take(3)
    if ratio == 0:
        return height, side()
    across, down = _RATIOS[ratio]
    return height, height * across // down


class _Bits:
    """Bits of bytes, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        """Return the next so many bits as a number."""
        number = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return number
