"""Styles by name: the gallery that ships with a model, what a user calls a style, and contact sheets."""

from brushwork.styles.gallery import Gallery, NamedStyle
from brushwork.styles.names import resolve

__all__ = ["Gallery", "NamedStyle", "resolve"]
