"""Records of a run: the result of each job."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from brushwork import images
from brushwork.batch.plan import Job
from brushwork.errors import UserError, in_one_line


@dataclass
class Record:
    """Result of one job: sizes, seconds per part, or a one-line error."""

    content: str
    styles: list[str]
    pastiche: str
    width: int = 0
    height: int = 0
    frames: int = 1
    seconds: dict[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    error: str | None = None

    @classmethod
    def of(cls, job: Job) -> "Record":
        """Return the record of a job that has not started."""
        return cls(str(job.content or "-"), list(job.styles), str(job.target or "-"), notices=[*job.notices])

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the time of the block to the seconds of a part of the job."""
        start = time.perf_counter()
        yield
        self.seconds[part] = time.perf_counter() - start

    @contextmanager
    def recording_errors(self) -> Iterator[None]:
        """Record errors instead of raising them, with the name of the content if the message does not name a file."""
        try:
            yield
        except (UserError, OSError, MemoryError) as error:
            line = in_one_line(error)
            self.error = line if isinstance(error, images.ImageError | OSError) else f"{self.content}: {line}"
