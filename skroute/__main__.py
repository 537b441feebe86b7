"""``python -m skroute``: learn to route from logs, and show what it saves."""

import sys

from ._cli import main

if __name__ == "__main__":
    sys.exit(main())
