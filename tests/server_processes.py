"""Servers as processes of their own, on this machine's own network."""

import os
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import skroute


@contextmanager
def serving(command, folder, **environment):
    """Start a server in a folder; give its process, and the address that it says it runs on."""
    known = {**os.environ, **environment, "PYTHONPATH": str(Path(skroute.__file__).parents[1])}
    said = folder / "said.txt"
    with said.open("w") as file:
        running = subprocess.Popen(
            command, cwd=folder, env=known, stdout=subprocess.DEVNULL, stderr=file
        )
    try:
        while not (found := re.search(r"running on (http://\S+) ", said.read_text())):
            assert running.poll() is None, said.read_text()
            time.sleep(0.05)
        yield running, found[1]
    finally:
        running.kill()
        running.wait()
