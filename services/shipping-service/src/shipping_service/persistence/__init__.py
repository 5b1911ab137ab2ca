"""Where shipments are kept. Importing it maps the domain's classes to their tables."""

from shipping_service.persistence import mapping as _mapping  # noqa: F401 - maps on import
