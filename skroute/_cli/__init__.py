"""The command ``python -m skroute``."""

from ._main import main

__all__ = ["main"]
