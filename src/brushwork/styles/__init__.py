"""Named styles: the gallery of a model, the user's own styles, style names in words, and contact sheets."""

from brushwork.styles.gallery import Gallery, NamedStyle
from brushwork.styles.names import resolve

__all__ = ["Gallery", "NamedStyle", "resolve"]
