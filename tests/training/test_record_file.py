"""The file of records: bounded, keyed, and valid whatever happens to the process that writes it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from brushwork.training.record_file import RecordFile

FIELDS = {"half": (np.float16, (3,)), "whole": (np.float32, (2, 2))}


def record(number: int) -> dict[str, NDArray[Any]]:
    return {"half": np.full(3, number, np.float16), "whole": np.full((2, 2), number / 3, np.float32)}


def test_a_record_is_found_again_by_another_process(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "cache" / "a.bin", FIELDS, 4, {"seed": 1})
    assert file.get(0) is None
    file.put(0, record(0))
    file.put(6, record(6))
    again = RecordFile(tmp_path / "cache" / "a.bin", FIELDS, 4, {"seed": 1})
    for number in (0, 6):
        found = again.get(number)
        assert found is not None
        assert all(np.array_equal(found[name], value) for name, value in record(number).items())
    assert again.get(2) is None


def test_the_newest_records_replace_the_oldest(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "a.bin", FIELDS, 4, {})
    for number in range(6):
        file.put(number, record(number))
    assert [number for number in range(6) if file.get(number)] == [2, 3, 4, 5]
    assert (tmp_path / "a.bin").stat().st_size == 4 * (8 + 4 + 3 * 2 + 4 * 4)


def test_another_key_starts_a_new_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    RecordFile(tmp_path / "a.bin", FIELDS, 4, {"seed": 1}).put(0, record(0))
    other = RecordFile(tmp_path / "a.bin", FIELDS, 4, {"seed": 2})
    assert other.get(0) is None
    assert "created again" in caplog.text


def test_an_incomplete_record_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    RecordFile(path, FIELDS, 4, {}).put(1, record(1))
    data = bytearray(path.read_bytes())
    data[-2 * 34 - 1] ^= 1  # the last byte of record 1
    path.write_bytes(bytes(data))
    assert RecordFile(path, FIELDS, 4, {}).get(1) is None
