"""Render any photo in the style of any picture, in one forward pass.

Importing the package loads nothing else: names are looked up when they are first used.

Examples:
    >>> import brushwork
    >>> stylizer = brushwork.load()
    >>> embedding = stylizer.embed(brushwork.open("painting.jpg").image)
    >>> pastiche = stylizer.stylize(brushwork.open("photo.jpg").image, embedding)
    >>> brushwork.save(pastiche, "pastiche.png")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brushwork.errors import UserError
    from brushwork.images import Picture, open, save  # noqa: A004
    from brushwork.images.color import histogram, luma
    from brushwork.rendering.regions import Region
    from brushwork.stylizer import Stylizer, load

__all__ = ["Picture", "Region", "Stylizer", "UserError", "histogram", "load", "luma", "open", "save"]

_HOMES = {
    "Picture": "images",
    "Region": "rendering.regions",
    "Stylizer": "stylizer",
    "UserError": "errors",
    "histogram": "images.color",
    "load": "stylizer",
    "luma": "images.color",
    "open": "images",
    "save": "images",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":  # stated in pyproject.toml alone
        return import_module("importlib.metadata").version("brushwork")
    if name in _HOMES:
        return getattr(import_module(f"brushwork.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'brushwork' has no attribute {name!r}")
