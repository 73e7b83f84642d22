"""Prefetching: results in order, errors in their place, and nothing runs after the consumer has left."""

import threading
from collections.abc import Iterator

import pytest

from brushwork.prefetch import map_ahead, prefetch


@pytest.mark.parametrize(("workers", "ahead"), [(1, 0), (1, 1), (3, 2), (2, 9)])
def test_results_come_in_order(workers: int, ahead: int) -> None:
    assert list(map_ahead(lambda n: n * n, range(20), workers=workers, ahead=ahead)) == [n * n for n in range(20)]


def test_the_order_does_not_depend_on_which_result_is_ready_first() -> None:
    """The first waits until the second is done, and is yielded before it."""
    second = threading.Event()

    def work(number: int) -> int:
        assert number == 1 or second.wait(60)
        if number == 1:
            second.set()
        return number

    assert list(map_ahead(work, range(2), workers=2, ahead=1)) == [0, 1]


def test_no_more_items_are_started_than_allowed() -> None:
    taken, gate = [], threading.Event()  # no result is ready before all that may be begun has been

    def numbers() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            if number == 2:
                gate.set()
            yield number

    results = map_ahead(lambda n: gate.wait(60) and n, numbers(), ahead=2)
    assert next(results) == 0
    assert taken == [0, 1, 2]
    results.close()


def test_the_first_item_is_started_before_it_is_requested() -> None:
    begun = threading.Event()
    results = map_ahead(lambda event: event.set(), [begun])
    assert begun.wait(60)
    assert list(results) == [None]


def test_an_item_is_computed_while_another_is_used() -> None:
    """With one item ahead, the next is always started before a result is returned, and no further one."""
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(5):
            taken.append(number)
            yield number

    counts = [len(taken) for _ in map_ahead(lambda number: number, numbers(), ahead=1)]
    assert counts == [2, 3, 4, 5, 5]


def test_an_error_is_raised_in_the_place_of_its_result() -> None:
    results = map_ahead(lambda n: 6 // n, [3, 2, 0, 1])
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)
    items = prefetch(6 // n for n in [3, 0])
    assert next(items) == 2
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_prefetched_items_are_the_same_and_come_from_another_thread() -> None:
    makers = set()

    def items() -> Iterator[int]:
        for number in range(5):
            makers.add(threading.get_ident())
            yield number

    assert list(prefetch(items(), 2)) == [0, 1, 2, 3, 4]
    assert len(makers) == 1 and threading.get_ident() not in makers


def test_closing_ends_the_iterator() -> None:
    ended: list[bool] = []

    def items() -> Iterator[int]:
        try:
            while True:
                yield len(ended)
        finally:
            ended.append(True)

    ahead = prefetch(items())
    next(ahead)
    ahead.close()
    assert ended == [True]
