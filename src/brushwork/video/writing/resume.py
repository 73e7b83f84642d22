"""The folder that holds an unfinished pastiche, from which an interrupted run continues."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brushwork import atomic
from brushwork.errors import UserError
from brushwork.video.frame_state import FrameState

STATE, LAST = "state.json", "last-{}.npz"


@dataclass(frozen=True)
class ResumePoint:
    """Progress of an interrupted run: complete pieces, the number of their frames, and the state of the last frame."""

    pieces: int
    frames: int
    last: FrameState


class ResumeFolder:
    """The folder beside a target that holds its pieces and a record of how they were made.

    The record on the disk matches the pieces whenever a run is killed: it is replaced in one step after the files that
    it lists are complete, and the folder is renamed in one step before its files are removed.

    Args:
        target: The file, or pattern of files, that is written.
        settings: Settings of the pieces; a run continues only with the same ones.
    """

    def __init__(self, target: Path, settings: dict[str, Any]) -> None:
        self.target = target
        self.folder = target.parent / f".{target.name}.parts"
        self._discarded = target.parent / f".{target.name}.done"
        self._settings: dict[str, Any] = json.loads(json.dumps(settings))
        self._written: list[int] = []  # size and time of the target, if a run of this folder wrote it

    def begin(self, *, resume: bool, overwrite: bool) -> ResumePoint | None:
        """Create the folder, or open that of an interrupted run.

        Returns:
            Where to continue; None if the run starts at the first frame.

        Raises:
            UserError: If files would be lost, there is nothing to resume, or the settings differ.
        """
        shutil.rmtree(self._discarded, ignore_errors=True)
        if resume and not self.folder.exists():
            raise UserError(f"nothing to resume: no unfinished {self.target}")
        state = self._read()
        own = state is not None and self._is_own(state)
        if self.target.exists() and not (overwrite or (resume and own)):
            hint = "continue with --resume or start again with --overwrite" if own else "use --overwrite to replace it"
            raise UserError(f"{self.target} exists; {hint}")
        has_pieces = state is not None and state["pieces"] > 0
        if has_pieces and not (resume or overwrite):
            raise UserError(f"{self.target} is unfinished; continue with --resume or start again with --overwrite")
        if state is None or not has_pieces or not resume:
            self._written = state["written"] if state is not None and resume else []
            self.remove()
            self.folder.mkdir(parents=True)
            self._record(0, 0)
            return None
        for name, value in self._settings.items():
            if state["settings"].get(name) != value:
                raise UserError(f"{self.target} was begun with another {name}; start again with --overwrite")
        self._written = state["written"]
        last = FrameState.load(self.folder / LAST.format(state["pieces"]))
        return ResumePoint(state["pieces"], state["frames"], last)

    def piece(self, number: int) -> Path:
        """Return the path of a piece, counted from 0."""
        return self.folder / f"{number:06}.piece"

    @property
    def joined(self) -> Path:
        """The path at which the pieces are joined before the result replaces the target."""
        return self.folder / "joined"

    def reached(self, pieces: int, frames: int, last: FrameState) -> None:
        """Record that `pieces` pieces with `frames` frames are complete, the last one with this state."""
        last.save(self.folder / LAST.format(pieces))
        self._record(pieces, frames)
        for path in self.folder.glob(LAST.format("*")):
            if path.name != LAST.format(pieces):
                path.unlink()

    def publish(self) -> None:
        """Move the joined file to the target, and record that this run wrote it: a resumed run may replace it."""
        self._written = _stamp(self.joined)
        state = self._read() or {"pieces": 0, "frames": 0}
        self._record(state["pieces"], state["frames"])
        self.joined.replace(self.target)

    def remove_if_useless(self) -> None:
        """Remove the folder unless a run can continue from it, or it records that this run wrote the target."""
        state = self._read()
        if state is None or not (state["pieces"] or self._is_own(state)):
            self.remove()

    def remove(self) -> None:
        """Remove the folder and its contents."""
        if self.folder.exists():
            self.folder.replace(self._discarded)  # one step: a half-removed folder must not look like an unfinished run
            shutil.rmtree(self._discarded)

    def _record(self, pieces: int, frames: int) -> None:
        state = {"settings": self._settings, "pieces": pieces, "frames": frames, "written": self._written}
        atomic.write_text(self.folder / STATE, json.dumps(state))

    def _read(self) -> dict[str, Any] | None:
        path = self.folder / STATE
        if not path.exists():
            return None
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return state

    def _is_own(self, state: dict[str, Any]) -> bool:
        return self.target.exists() and state["written"] == _stamp(self.target)


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
