"""Places find files that other processes have written, also on file systems that cache listings."""

from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from brushwork.dataset.places import Place


class RememberingFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """Answers from its first listing until its cache is cleared, as s3fs and gcsfs do."""

    protocol = "remembering"
    listings: dict[str, list[str]] = {}  # noqa: RUF012  # one for all instances, as in a process

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        stripped: str = MemoryFileSystem._strip_protocol(path.replace("remembering://", "memory://"))
        return stripped

    def find(self, path: str, *arguments: Any, **options: Any) -> list[str]:
        if path not in self.listings:
            self.listings[path] = super().find(path, *arguments, **options)
        return self.listings[path]

    def invalidate_cache(self, path: str | None = None) -> None:
        self.listings.clear()


@pytest.fixture
def remembering() -> Iterator[None]:
    fsspec.register_implementation("remembering", RememberingFileSystem, clobber=True)
    RememberingFileSystem.listings.clear()
    yield
    MemoryFileSystem.store.clear()


@pytest.mark.usefixtures("remembering")
def test_files_of_other_processes_are_found_despite_cached_listings() -> None:
    place = Place("remembering://bucket/out")
    place.write("a", b"1")
    assert place.find() == ["a"]
    MemoryFileSystem().pipe_file("/bucket/out/b", b"2")  # behind the back of the place
    assert place.has("b") and not place.has("c")
    assert place.find() == ["a", "b"]
