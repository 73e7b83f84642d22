"""Time codes (SMPTE ST 12-1), which number the frames of a recording."""

import re
from fractions import Fraction

FORM = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")


def advance(code: str, frames: int, rate: Fraction) -> str:
    """Return the time code so many frames later; a text that is no time code is returned unchanged.

    At 30000/1001 frames a second, numbers 0 and 1 are dropped in each minute but every tenth, so that the code follows
    the clock; that is marked by a semicolon. At twice the rate, four numbers are dropped.

    Args:
        code: The time code.
        frames: Number of frames.
        rate: Frames per second.
    """
    match = FORM.fullmatch(code)
    if match is None:
        return code
    hours, minutes, seconds, number = (int(match[place]) for place in (1, 2, 3, 5))
    count = round(rate)
    dropped = 0 if match[4] == ":" else count // 15
    minutes += 60 * hours
    total = (60 * minutes + seconds) * count + number - dropped * (minutes - minutes // 10) + frames
    tens, rest = divmod(total, 600 * count - 9 * dropped)
    total += dropped * (9 * tens + max(0, (rest - dropped) // (60 * count - dropped)))
    seconds, number = divmod(total, count)
    hours, minutes, seconds = seconds // 3600 % 24, seconds // 60 % 60, seconds % 60
    return f"{hours:02}:{minutes:02}:{seconds:02}{match[4]}{number:02}"
