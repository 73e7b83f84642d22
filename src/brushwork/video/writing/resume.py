"""The folder in which an unfinished pastiche lies until it is whole, and from which a killed run goes on."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brushwork.errors import UserError
from brushwork.video.frame_state import FrameState

STATE, LAST = "state.json", "last-{}.npz"


@dataclass(frozen=True)
class ResumePoint:
    """How far a run has come: whole pieces, frames in them, and the state after which it goes on."""

    pieces: int
    frames: int
    last: FrameState


class ResumeFolder:
    """The folder beside a target that holds pieces of it; `settings` says what the pieces were made with."""

    def __init__(self, target: Path, settings: dict[str, Any]) -> None:
        self.target = target
        self.folder = target.parent / f".{target.name}.parts"
        self._settings: dict[str, Any] = json.loads(json.dumps(settings))
        self._written: list[int] = []  # size and time of a playable target that an interrupted run left

    def begin(self, *, resume: bool, overwrite: bool) -> ResumePoint | None:
        """Makes the folder, or opens that of a stopped run: then how far it has come, if a piece is whole.

        Raises:
            UserError: If there is something that would be lost, nothing to resume, or the settings are others.
        """
        state = self._read() if (self.folder / STATE).exists() else None
        own = state is not None and self._is_own(state)
        if self.target.exists() and not (overwrite or (resume and own)):
            hint = "go on with --resume or begin anew with --overwrite" if own else "use --overwrite to replace it"
            raise UserError(f"{self.target} exists; {hint}")
        if resume and state is None:
            raise UserError(f"nothing to resume: no unfinished {self.target}")
        if state is not None and not (resume or overwrite):
            raise UserError(f"{self.target} was begun; go on with --resume or begin anew with --overwrite")
        if state is None or not resume:
            self.remove()
            self.folder.mkdir(parents=True)
            return None
        for name, value in self._settings.items():
            if state["settings"].get(name) != value:
                raise UserError(f"{self.target} was begun with another {name}; begin anew with --overwrite")
        self._written = state["written"]
        if not state["pieces"]:
            return None
        return ResumePoint(
            state["pieces"], state["frames"], FrameState.load(self.folder / LAST.format(state["pieces"]))
        )

    def piece(self, number: int, suffix: str = ".piece") -> Path:
        """Where a piece lies, counted from 0."""
        return self.folder / f"{number:06}{suffix}"

    def reached(self, pieces: int, frames: int, last: FrameState) -> None:
        """Notes that so many pieces are whole. Whenever the run is killed, the notes on the disk fit the pieces."""
        last.save(self.folder / LAST.format(pieces))
        self._note(self._state(pieces, frames))
        for path in self.folder.glob(LAST.format("*")):
            if path.name != LAST.format(pieces):
                path.unlink()

    def left_playable(self) -> None:
        """Notes the target as one's own, which a resumed run may replace."""
        self._written = _mark(self.target) if self.target.exists() else []
        state = self._read() if (self.folder / STATE).exists() else self._state(0, 0)
        self._note({**state, "written": self._written})

    def remove_if_empty(self) -> None:
        """Removes the folder unless a run could go on from it."""
        if not (self.folder / STATE).exists():
            self.remove()

    def remove(self) -> None:
        """Removes the folder and all that lies in it."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _state(self, pieces: int, frames: int) -> dict[str, Any]:
        return {"settings": self._settings, "pieces": pieces, "frames": frames, "written": self._written}

    def _note(self, state: dict[str, Any]) -> None:
        new = self.folder / f"{STATE}.new"
        new.write_text(json.dumps(state), encoding="utf-8")
        new.replace(self.folder / STATE)

    def _read(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
        return state

    def _is_own(self, state: dict[str, Any]) -> bool:
        return self.target.exists() and state["written"] == _mark(self.target)


def _mark(path: Path) -> list[int]:
    there = path.stat()
    return [there.st_size, there.st_mtime_ns]
