"""Scripts that try a prepared folder; each runs in a process of its own, see ``trial``."""
