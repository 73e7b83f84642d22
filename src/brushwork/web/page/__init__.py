"""The page: static HTML, CSS and ES modules that use only the documented API."""
