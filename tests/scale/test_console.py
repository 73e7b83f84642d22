"""Notices of Ray Data on the console."""

import logging

import pytest


def test_handlers_of_other_programs_keep_their_level() -> None:
    pytest.importorskip("ray.data", reason="Ray is not installed: pip install -e '.[dev]'")
    from brushwork.scale import cluster

    logger, handler = logging.getLogger("ray.data"), logging.StreamHandler()
    logger.addHandler(handler)
    try:
        cluster._quiet_console()
        assert handler.level == logging.NOTSET
    finally:
        logger.removeHandler(handler)
