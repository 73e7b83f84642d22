"""Tests that need Ray are skipped where it is not installed."""

import pytest

from brushwork import extras


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that need Ray, with a reason, if it is not installed."""
    if extras.installed("ray"):
        return
    for item in items:
        if "scale" in item.path.parts:
            item.add_marker(pytest.mark.skip(reason="Ray is not installed: pip install 'brushwork[ray]'"))
