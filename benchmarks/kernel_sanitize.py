"""Build the compiled losses with the address and undefined-behaviour sanitizers and test them.

    python benchmarks/kernel_sanitize.py

Needs GCC with its sanitizer libraries, Cython and setuptools in the running environment (Linux).
Builds a copy of the source tree in a temporary folder, runs tests/policy/test_losses.py on it and
returns the exit code of the tests; a report of a sanitizer ends the process and so fails them.
The sanitizers cannot run inside GCC's dispatch by processor, so the copy is compiled for the
processor at hand: the widest vectors it has are the ones that are checked.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g"


def library(name: str) -> str:
    path = subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip()
    if not os.path.isabs(path):
        raise SystemExit(f"{name} not found: install GCC's sanitizer libraries")
    return path


def build(source: Path, target: Path) -> None:
    environment = os.environ | {"CFLAGS": f"{FLAGS} -march=native", "LDFLAGS": FLAGS, "CC": "gcc"}
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--quiet", "--target"]
    command = [sys.executable, "-m", "pip", "install", *options, str(target), str(source)]
    subprocess.run(command, env=environment, check=True)


def main() -> int:
    preload = f"{library('libasan.so')} {library('libubsan.so')}"
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        ignored = shutil.ignore_patterns(".git", "build", "*.so", "_regret_fast.c", "*.egg-info")
        shutil.copytree(ROOT, source, ignore=ignored)
        build(source, target)
        tests = Path(folder, "tests")
        shutil.copytree(ROOT / "tests" / "policy", tests)
        environment = os.environ | {
            "PYTHONPATH": str(target),
            "LD_PRELOAD": preload,
            "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter leaks on purpose
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "PYTHONMALLOC": "malloc",
        }
        code = "import skroute.policy._regret_fast as m; print('testing', m.__file__)"
        subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)
        command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider"]
        command += ["--rootdir", str(tests), str(tests / "test_losses.py")]
        return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
