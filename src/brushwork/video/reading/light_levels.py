"""Light levels that an HDR clip declares: its mastering display (SMPTE ST 2086) and content light (CTA-861.3)."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.sidedata.sidedata import Type


@dataclass(frozen=True)
class LightLevels:
    """What an HDR clip says of its light.

    Attributes:
        primaries: x and y of red, green, blue and white of the mastering display, in this order; empty where unknown.
        minimum, maximum: Light of the mastering display in cd/m2; 0 where unknown.
        content: Largest light of a pixel and largest mean of a frame in cd/m2; 0 where unknown.
    """

    primaries: tuple[Fraction, ...] = ()
    minimum: Fraction = Fraction(0)
    maximum: Fraction = Fraction(0)
    content: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, frame: Any) -> "LightLevels":
        """Reads the side data of a decoded frame, which has FFmpeg's layout."""
        found = cls()
        for data in frame.side_data:
            if data.type == Type.CONTENT_LIGHT_LEVEL:
                found = cls(found.primaries, found.minimum, found.maximum, struct.unpack("<2I", bytes(data)[:8]))
            elif data.type == Type.MASTERING_DISPLAY_METADATA:
                numbers = struct.unpack("<22i", bytes(data)[:88])
                values = [Fraction(numbers[n], numbers[n + 1] or 1) for n in range(0, 20, 2)]
                has_primaries, has_light = numbers[20:]
                found = cls(
                    tuple(values[:8]) if has_primaries else (), values[8] if has_light else Fraction(0),
                    values[9] if has_light else Fraction(0), found.content,
                )  # fmt: skip
        return found

    @property
    def peak(self) -> float | None:
        """The brightest light in cd/m2: of the content where it is known, else of the mastering display."""
        return float(self.content[0] or self.maximum) or None

    def options(self, encoder: str) -> dict[str, str]:
        """Returns the parameters by which an encoder writes them into the stream."""
        if not self.primaries:
            return {}
        red, green, blue, white = (self.primaries[n : n + 2] for n in range(0, 8, 2))
        names = (("G", green), ("B", blue), ("R", red), ("WP", white))
        if encoder == "libsvtav1":
            points = "".join(f"{name}({float(x):.5f},{float(y):.5f})" for name, (x, y) in names)
            display = f"{points}L({float(self.maximum):.4f},{float(self.minimum):.4f})"
            return {"mastering-display": display, "content-light": "{},{}".format(*self.content)}
        points = "".join(f"{name}({round(x * 50_000)},{round(y * 50_000)})" for name, (x, y) in names)
        display = f"{points}L({round(self.maximum * 10_000)},{round(self.minimum * 10_000)})"
        content = "{},{}".format(*self.content)
        if encoder == "libx265":
            return {"master-display": display, "max-cll": content, "hdr10": "1"}
        if encoder == "libx264":
            return {"mastering-display": display, "cll": content}
        return {}
