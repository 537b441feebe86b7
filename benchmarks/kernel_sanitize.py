"""Build the compiled losses with the address and undefined-behaviour sanitizers and test them.

    python benchmarks/kernel_sanitize.py [pytest options]

Needs GCC with its sanitizer libraries, Cython and setuptools in the running environment (Linux);
where the compiler or the libraries are missing it says so and returns 0. Builds a copy of the
source tree in a temporary folder, runs the tests of tests/policy that call the compiled losses, and
returns the exit code of the tests: a report of a sanitizer ends the process and so fails them.
Checked is the code for the best level that the processor at hand supports.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# test_classifier.py repeats what these call, through scikit-learn's slow checks.
TESTS = ("test_losses.py", "test_linear.py", "test_mlp.py")
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1"


def sanitizer_libraries() -> list[str]:
    """Paths of the libraries to load first; empty if GCC or one of them is missing."""
    if shutil.which("gcc") is None:
        return []
    names = ("libasan.so", "libubsan.so")
    paths = [
        subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip()
        for name in names
    ]
    return paths if all(os.path.isabs(path) for path in paths) else []  # else the bare names


def build(source: Path, target: Path) -> None:
    environment = os.environ | {"CFLAGS": FLAGS, "LDFLAGS": FLAGS, "CC": "gcc"}
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--quiet", "--target"]
    command = [sys.executable, "-m", "pip", "install", *options, str(target), str(source)]
    subprocess.run(command, env=environment, check=True)


def main() -> int:
    libraries = sanitizer_libraries()
    if not libraries:
        print("skipped: GCC or its sanitizer libraries (libasan, libubsan) are not installed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        ignored = shutil.ignore_patterns(".git", "build", "*.so", "_regret_fast.c", "*.egg-info")
        shutil.copytree(ROOT, source, ignore=ignored)
        settings = source / "pyproject.toml"  # checked code takes minutes to optimize fully
        settings.write_text(settings.read_text().replace('"-O3"', '"-O1"'))
        build(source, target)
        tests = Path(folder, "tests")
        shutil.copytree(ROOT / "tests" / "policy", tests)
        environment = os.environ | {
            "PYTHONPATH": str(target),
            "LD_PRELOAD": " ".join(libraries),
            "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter leaks on purpose
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "PYTHONMALLOC": "malloc",
        }
        code = "import skroute.policy._regret_fast as m; print('testing', m.__file__)"
        subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)
        command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider"]
        command += ["--capture=sys"]  # a report is written by the process as it ends
        command += ["--rootdir", str(tests), *(str(tests / name) for name in TESTS), *sys.argv[1:]]
        return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
