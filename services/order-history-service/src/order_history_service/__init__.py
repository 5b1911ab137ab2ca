"""Order history service."""
