"""Light levels in the metadata of HDR clips: mastering display (SMPTE ST 2086) and content light (CTA-861.3)."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.sidedata.sidedata import Type

# Names of the parameters for the mastering display and the content light. Other encoders cannot write them.
ENCODERS = {"libx265": ("master-display", "max-cll"), "libsvtav1": ("mastering-display", "content-light")}


@dataclass(frozen=True)
class LightLevels:
    """Light levels of an HDR clip.

    Attributes:
        primaries: x and y of red, green, blue and white of the mastering display, in this order; empty if unknown.
        minimum, maximum: Light of the mastering display in cd/m2; 0 if unknown.
        content: Maximum light of a pixel and maximum mean of a frame in cd/m2; 0 if unknown.
    """

    primaries: tuple[Fraction, ...] = ()
    minimum: Fraction = Fraction(0)
    maximum: Fraction = Fraction(0)
    content: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, frame: Any) -> "LightLevels":
        """Read the side data of a decoded frame in FFmpeg's layout."""
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
    def known(self) -> bool:
        """Whether the clip states any of these values."""
        return bool(self.primaries) or any(self.content)

    @property
    def peak(self) -> float | None:
        """Maximum light in cd/m2: that of the content if known, else that of the mastering display."""
        return float(self.content[0] or self.maximum) or None

    def options(self, encoder: str) -> dict[str, str]:
        """Return the parameters with which an encoder writes the levels into the stream; none if it cannot."""
        if encoder not in ENCODERS:
            return {}
        display_name, content_name = ENCODERS[encoder]
        found = {content_name: "{},{}".format(*self.content)} if any(self.content) else {}
        if self.primaries:
            found[display_name] = self._display(decimals=encoder == "libsvtav1")
        return {**found, "hdr10": "1"} if found and encoder == "libx265" else found

    def _display(self, *, decimals: bool) -> str:
        """Return the mastering display in the form of an encoder: decimals, or units of 0.00002 and 0.0001 cd/m2."""
        red, green, blue, white = (self.primaries[n : n + 2] for n in range(0, 8, 2))
        names = (("G", green), ("B", blue), ("R", red), ("WP", white))
        if decimals:
            points = "".join(f"{name}({float(x):.5f},{float(y):.5f})" for name, (x, y) in names)
            return f"{points}L({float(self.maximum):.4f},{float(self.minimum):.4f})"
        points = "".join(f"{name}({round(x * 50_000)},{round(y * 50_000)})" for name, (x, y) in names)
        return f"{points}L({round(self.maximum * 10_000)},{round(self.minimum * 10_000)})"
