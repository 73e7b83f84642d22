"""Parses and formats times (5, 0:05, 1:02:03.5), and represents time ranges."""

import math
from dataclasses import dataclass
from fractions import Fraction

from brushwork.errors import UserError


def parse(text: str) -> float:
    """Parse a time ``[[hours:]minutes:]seconds`` and return seconds.

    Raises:
        UserError: If the text is not such a time.
    """
    numbers = text.strip().split(":")
    try:
        seconds, *larger = [float(number) for number in reversed(numbers)]
    except ValueError:
        raise _error(text) from None
    if len(numbers) > 3 or any(not number.is_integer() for number in larger):
        raise _error(text)
    total: float = seconds + 60 * sum(number * 60**place for place, number in enumerate(larger))
    if not math.isfinite(total) or total < 0 or "-" in text or (larger and seconds >= 60):
        raise _error(text)
    return total


def _error(text: str) -> UserError:
    return UserError(f"{text!r} is not a time; write seconds, 0:05 or 1:02:03.5")


def format_time(seconds: float, *, tenths: bool = False) -> str:
    """Format seconds as ``1:02:03`` or ``2:03``, or to the tenth of a second as ``2:03.4``."""
    whole, tenth = divmod(round(10 * seconds), 10) if tenths else (round(seconds), 0)
    hours, minutes = whole // 3600, whole // 60 % 60
    fraction = f".{tenth}" if tenths else ""
    return f"{f'{hours}:{minutes:02}' if hours else minutes}:{whole % 60:02}{fraction}"


@dataclass(frozen=True)
class TimeRange:
    """The part of a clip that is written, in seconds of the file.

    Attributes:
        start: Time of the first frame.
        end: Time at which copying of streams ends; None for the end of the clip.
        origin: Time that becomes 0.
        whole_start: Whether nothing is cut at the beginning.
    """

    start: Fraction
    end: Fraction | None
    origin: Fraction
    whole_start: bool

    def holds(self, seconds: Fraction) -> bool:
        """Return whether a time is in the range."""
        return (self.whole_start or seconds >= self.start) and (self.end is None or seconds < self.end)
