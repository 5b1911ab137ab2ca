"""Real NATS and PostgreSQL servers from PyPI wheels, as children of this process. No Docker."""
