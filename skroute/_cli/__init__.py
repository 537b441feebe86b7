"""The command ``python -m skroute``."""

from ._embedding import make_embedding
from ._main import main

__all__ = ["main"]
