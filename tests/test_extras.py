"""The table of extras agrees with the package's metadata."""

import re
from importlib.metadata import metadata, packages_distributions

import pytest

from brushwork import extras
from brushwork.errors import UserError


def normal(name: str) -> str:
    """A distribution's name as packaging compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(extra: str) -> set[str]:
    """The distributions required by an extra of the package, without the package itself."""
    wanted = metadata("brushwork").get_all("Requires-Dist") or []
    named = [re.match(r"[\w.-]+", line) for line in wanted if re.search(rf"extra == ['\"]{extra}['\"]", line)]
    return {normal(match[0]) for match in named if match} - {"brushwork"}


@pytest.mark.parametrize("extra", sorted(set(extras.EXTRAS) - {"camera"}))
def test_the_modules_of_an_extra_come_from_its_requirements(extra: str) -> None:
    homes = packages_distributions()
    for module in extras.EXTRAS[extra]:
        assert {normal(name) for name in homes[module]} <= distributions(extra)
    assert extras.installed(extra)


def test_a_missing_extra_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "video", ("av", "missing_module"))
    assert not extras.installed("video")
    with pytest.raises(UserError, match=r"^live needs an optional extra: pip install 'brushwork\[video\]'$"):
        extras.require("video", "live")
