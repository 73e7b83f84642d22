"""Clips that are rendered for clients, one after the other, concurrently with pictures (extra ``video``)."""

import secrets
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from brushwork import extras
from brushwork.errors import UserError, in_one_line
from brushwork.web.api.limits import MEGABYTE
from brushwork.web.api.problems import RefusedError
from brushwork.web.api.scratch import ScratchFolder
from brushwork.web.api.service import Service, Style

# Containers by their first bytes. Others are refused: FFmpeg would accept a playlist and open the files that it names.
STARTS = ((4, b"ftyp", "mp4"), (0, b"\x1aE\xdf\xa3", "mkv"), (8, b"AVI ", "avi"))
# FFmpeg detects a DASH playlist by these two strings anywhere in the data that it probes.
PLAYLIST, PROBED = (b"<MPD", b"dash:profile"), 2**22
RETRY = {"Retry-After": "60"}
WHOLE = 0.9  # fraction of the stated frames below which a notice is given, as the stated number is often a guess
DISK_INTERVAL = 100  # frames between two checks of free space
Standing = Literal["waiting", "painting", "done", "failed", "stopped"]


class ClipState(BaseModel):
    """State of a clip; `left` is in seconds, `rate` in frames per second, `error` is the reason of a failure."""

    id: str
    state: Standing = "waiting"
    frames: int = 0
    count: int | None = None
    rate: float = 0.0
    left: float | None = None
    notes: list[str] = []
    error: str | None = None

    @property
    def over(self) -> bool:
        """Whether the state is final."""
        return self.state not in ("waiting", "painting")


@dataclass
class PaintedClip:
    """A clip, the folder of its files, and its state."""

    folder: Path
    state: ClipState
    client: str
    detail: float | None = None
    unwanted: threading.Event = field(default_factory=threading.Event)

    @property
    def pastiche(self) -> Path:
        """The rendered clip, when its state is done."""
        return self.folder / "pastiche.mp4"

    def without_path(self, line: str) -> str:
        """Return a line without the path of the clip, which clients must not see."""
        return line.replace(f"{self.folder}/", "")


class Clips:
    """The clips of a server; the oldest finished one is removed when a new one needs its place.

    Args:
        service: The stylizer and its limits.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._clips: dict[str, PaintedClip] = {}
        self._pool = ThreadPoolExecutor(1, "clips")
        self._scratch = ScratchFolder(service.limits.disk * MEGABYTE)

    def start(
        self, data: bytes, styles: Sequence[Style], client: str, detail: float | None = None, **settings: Any
    ) -> PaintedClip:
        """Add a clip to the queue.

        Args:
            data: The encoded clip.
            styles: Pictures and names, which are blended.
            client: The client, see `client_of`.
            detail: Detail of the model, see `Details.at`.
            settings: Further arguments of `brushwork.video.settings.Settings`.

        Raises:
            UserError: If the clip, a style or a setting cannot be used, or the extra is missing.
            RefusedError: 429 if too many clips wait, 507 if there is no space for it.
        """
        extras.require("video", "video")
        from brushwork.video.settings import Settings

        suffix = container(data)
        for style in styles:
            self.service.embed(style, settings.get("style_size"))  # to report errors at once
        self.service.details.check(detail)
        self._make_room()
        self._scratch.check(len(data))
        key = secrets.token_urlsafe(12)
        folder = self._scratch.path / key
        folder.mkdir()
        source = folder / f"clip.{suffix}"
        source.write_bytes(data)
        chosen = Settings(styles=tuple(_written(folder, n, style) for n, style in enumerate(styles)), **settings)
        clip = self._clips[key] = PaintedClip(folder, ClipState(id=key), client, detail)
        self._pool.submit(self._paint, clip, source, chosen)
        return clip

    def find(self, key: str) -> PaintedClip:
        """Return the clip with a key.

        Raises:
            RefusedError: 404 if there is none.
        """
        if key not in self._clips:
            raise RefusedError(HTTPStatus.NOT_FOUND, "no such clip; it may have been removed for another one")
        return self._clips[key]

    def of(self, client: str) -> list[PaintedClip]:
        """Return the clips of a client, the newest first."""
        return [clip for clip in reversed(self._clips.values()) if clip.client == client]

    def remove(self, key: str) -> None:
        """Stop and remove a clip."""
        clip = self.find(key)
        clip.unwanted.set()
        del self._clips[key]
        if clip.state.over:
            shutil.rmtree(clip.folder)

    def close(self) -> None:
        """Stop all clips and delete their files."""
        for clip in self._clips.values():
            clip.unwanted.set()
        self._pool.shutdown(cancel_futures=True)
        self._scratch.remove()

    def _make_room(self) -> None:
        if len(self._clips) < self.service.limits.clips:
            return
        old = next((key for key, clip in self._clips.items() if clip.state.over), None)
        if old is None:
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "too many clips at once; try again", RETRY)
        self.remove(old)

    def _paint(self, clip: PaintedClip, source: Path, settings: Any) -> None:
        """Render one clip in the thread of clips, and delete its files if it has been removed meanwhile."""
        state, standing = clip.state, "done"
        try:
            if not clip.unwanted.is_set():
                self._run(clip, source, settings)
                _complete(state)
        except (UserError, RefusedError, OSError, MemoryError) as error:
            state.error, standing = clip.without_path(in_one_line(error)), "failed"
        if clip.unwanted.is_set():
            standing = "stopped"
            shutil.rmtree(clip.folder, ignore_errors=True)
        state.state = standing  # type: ignore[assignment]  # last, so that readers find the other fields complete

    def _run(self, clip: PaintedClip, source: Path, settings: Any) -> None:
        from brushwork.video.reading.opening import open_clip
        from brushwork.video.run import run

        state, limits = clip.state, self.service.limits
        state.state = "painting"
        shape = open_clip(str(source))
        if shape.width * shape.height > limits.pixels * 10**6:
            raise UserError(f"{shape.width} x {shape.height} pixels are more than the limit of {limits.pixels} million")
        stylizer = partial(self.service.details.at, clip.detail)
        records = run(str(source), clip.pastiche, stylizer, settings, stop=clip.unwanted.is_set)
        with closing(records):
            for record in records:
                state.frames, state.count, state.rate = record.frames, record.count, record.rate
                state.left, state.notes = record.left, [clip.without_path(note) for note in record.notes]
                if record.frames % DISK_INTERVAL == 0:
                    self._scratch.check()
                if record.frames > limits.clip_frames:
                    raise UserError(f"more than {limits.clip_frames} frames, which is the limit of a clip")
                if record.frames > record.rate * limits.clip_seconds:
                    raise UserError(f"more than {limits.clip_seconds} seconds, which is the limit of a clip")


def _complete(state: ClipState) -> None:
    """Complete the state of a finished clip, with a notice if it has fewer frames than it states."""
    if state.count is not None and state.frames < WHOLE * state.count:
        state.notes = [*state.notes, f"{state.frames} frames were read; the clip states {state.count}"]
    state.left = 0.0


def container(data: bytes) -> str:
    """Return the extension of a clip's container, identified by its first bytes.

    Raises:
        UserError: If it is not an accepted container.
    """
    found = next((suffix for at, start, suffix in STARTS if data[at : at + len(start)] == start), None)
    if found is None or all(word in data[:PROBED] for word in PLAYLIST):
        raise UserError("the clip is not MP4, MOV, MKV, WebM or AVI")
    return found


def _written(folder: Path, number: int, style: Style) -> str:
    """Return the name of a style, or the path of its picture after writing it to the clip's folder."""
    if style.data is None:
        return style.name
    path = folder / f"style-{number}"
    path.write_bytes(style.data)
    return str(path)
