"""Renders any photo in the style of any picture in one forward pass.

Importing the package loads nothing else: names are imported on first use.

Examples:
    >>> import brushwork
    >>> stylizer = brushwork.load()
    >>> pastiche = stylizer.stylize("photo.jpg", "painting.jpg")
    >>> brushwork.save(pastiche, "pastiche.png")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brushwork.errors import UserError
    from brushwork.images import Picture, open, save  # noqa: A004
    from brushwork.images.color import keep_chroma, match_color_statistics
    from brushwork.rendering.regions import Region
    from brushwork.stylizer import Stylizer, load

__all__ = [
    "Picture",
    "Region",
    "Stylizer",
    "UserError",
    "keep_chroma",
    "load",
    "match_color_statistics",
    "open",
    "save",
]

_HOMES = {
    "Picture": "images",
    "Region": "rendering.regions",
    "Stylizer": "stylizer",
    "UserError": "errors",
    "keep_chroma": "images.color",
    "load": "stylizer",
    "match_color_statistics": "images.color",
    "open": "images",
    "save": "images",
}


# Names of earlier versions, still accepted.
_RENAMED = {"histogram": "match_color_statistics", "luma": "keep_chroma"}


def __getattr__(name: str) -> Any:
    if name == "__version__":  # read from the metadata, since only pyproject.toml states it
        return import_module("importlib.metadata").version("brushwork")
    if name in _RENAMED:
        import warnings

        message = f"brushwork.{name} is now brushwork.{_RENAMED[name]}"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        name = _RENAMED[name]
    if name in _HOMES:
        return getattr(import_module(f"brushwork.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'brushwork' has no attribute {name!r}")
