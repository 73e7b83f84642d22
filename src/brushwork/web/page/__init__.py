"""The page: static HTML, CSS and ES modules that use nothing but the documented API."""
