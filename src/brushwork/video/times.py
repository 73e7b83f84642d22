"""Times as people write them: 5, 0:05, 1:02:03.5."""

import math

from brushwork.errors import UserError


def parse(text: str) -> float:
    """Seconds of ``[[hours:]minutes:]seconds``.

    Raises:
        UserError: If the text is no such time.
    """
    parts = text.strip().split(":")
    try:
        seconds, *larger = [float(part) for part in reversed(parts)]
    except ValueError:
        raise _wrong(text) from None
    if len(parts) > 3 or any(not part.is_integer() for part in larger):
        raise _wrong(text)
    total: float = seconds + 60 * sum(part * 60**place for place, part in enumerate(larger))
    if not math.isfinite(total) or total < 0 or "-" in text or (larger and seconds >= 60):
        raise _wrong(text)
    return total


def _wrong(text: str) -> UserError:
    return UserError(f"{text!r} is not a time; write seconds, 0:05 or 1:02:03.5")


def shown(seconds: float) -> str:
    """Seconds as ``1:02:03`` or ``2:03``."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
