"""Performer: from a prompt's attributes to a performed face motion (see ``perform.py``)."""

from .perform import perform
from .tables import vocabulary

__all__ = ["perform", "vocabulary"]
