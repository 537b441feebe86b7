"""Files of the log of a router that serves, as they are on the disk."""

import json
from pathlib import Path


def lines(folder, kind="requests"):
    """Return the lines of a kind that a folder has, decoded."""
    files = sorted(Path(folder).glob(f"{kind}-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]
