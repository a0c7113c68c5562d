"""Decide in-process whether an AI agent may do a thing, and say why."""

from ._native import __version__

__all__ = ["__version__"]
