"""Records in the memory of a device: the same as those of a file, each computed once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from brushwork.errors import UserError
from brushwork.training.device_records import DeviceRecords
from brushwork.training.record_file import RecordFile

FIELDS = {"half": (np.float16, (3,)), "whole": (np.float32, (2, 2))}


class Computing:
    """Computes records, and lists their numbers."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, number: int) -> dict[str, Tensor]:
        self.numbers.append(number)
        return {"half": torch.full((3,), number / 7), "whole": torch.full((2, 2), number / 3)}


def test_records_equal_those_of_a_file(tmp_path: Path) -> None:
    """For windows of numbers that advance, with repetitions, and go back."""
    file, memory = RecordFile(tmp_path / "a.bin", FIELDS, 8, {}), DeviceRecords(FIELDS, 8, "cpu")
    one, other = Computing(), Computing()
    random = np.random.default_rng(0)
    for start in (0, 0, 3, 5, 20, 21, 2):
        numbers = [start + int(number) for number in random.integers(0, 8, 6)]
        expected, found = file.take(numbers, one), memory.take(numbers, other)
        assert list(found) == list(expected) == ["half", "whole"]
        for name, value in expected.items():
            assert found[name].dtype == value.dtype
            assert torch.equal(found[name], value)
        assert found["whole"][:, 0, 0].tolist() == pytest.approx([number / 3 for number in numbers])
    assert one.numbers == other.numbers


def test_a_record_is_computed_once_while_it_is_in_memory() -> None:
    records, computing = DeviceRecords(FIELDS, 4, "cpu"), Computing()
    for numbers in ([0, 1, 1], [1, 2], [3, 0, 2, 1]):
        records.take(numbers, computing)
    assert computing.numbers == [0, 1, 2, 3]


def test_record_n_overwrites_record_n_minus_the_capacity() -> None:
    records, computing = DeviceRecords(FIELDS, 4, "cpu"), Computing()
    records.take([0, 1, 2, 3], computing)
    records.take([5], computing)
    assert records.take([2, 3, 0], computing)["half"][:, 0].tolist() == pytest.approx([2 / 7, 3 / 7, 0], abs=1e-3)
    assert computing.numbers == [0, 1, 2, 3, 5]
    assert records.take([1], computing)["half"][0, 0] == pytest.approx(1 / 7, abs=1e-3)
    assert computing.numbers[5:] == [1]


def test_what_was_taken_does_not_change_with_the_records() -> None:
    records, computing = DeviceRecords(FIELDS, 4, "cpu"), Computing()
    taken = records.take([1], computing)["whole"]
    records.take([5], computing)
    assert taken.flatten().tolist() == pytest.approx([1 / 3] * 4)


def test_records_that_do_not_fit_into_memory_are_a_one_line_error() -> None:
    with pytest.raises(
        UserError, match=r"^cpu has no memory for 1000000000000 cached crops \(22,000.0 GB\); set cache"
    ):
        DeviceRecords(FIELDS, 10**12, "cpu")
