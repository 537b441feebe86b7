"""Build the compiled losses with sanitizers and test them.

    python benchmarks/kernel_sanitize.py [pytest options]

Two builds: one with the address and undefined-behaviour sanitizers, for all tests of tests/policy
that call the compiled losses; one with the thread sanitizer, for those of them that are about
threads. A report of a sanitizer ends the process and so fails the tests; returned is the first exit
code that is not 0. Checked is the code for the best level that the processor at hand supports.

Needs GCC with its sanitizer libraries, Cython and setuptools in the running environment (Linux);
where the compiler or a library is missing it says so and leaves that build out.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Build(NamedTuple):
    sanitizers: str
    libraries: tuple[str, ...]
    options: dict[str, str]
    tests: tuple[str, ...]


BUILDS = (
    Build(
        "address,undefined",
        ("libasan.so", "libubsan.so"),
        # The interpreter leaks on purpose.
        {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"},
        # test_classifier.py repeats what these call, through scikit-learn's slow checks.
        ("test_losses.py", "test_linear.py", "test_mlp.py"),
    ),
    Build(
        "thread",
        ("libtsan.so",),
        {"TSAN_OPTIONS": "halt_on_error=1 die_after_fork=0"},
        ("test_losses.py", "-k", "threads"),
    ),
)


def find_libraries(names: tuple[str, ...]) -> list[str]:
    """Paths of the libraries to load first; empty if GCC or one of them is missing."""
    if shutil.which("gcc") is None:
        return []
    paths = [
        subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip()
        for name in names
    ]
    return paths if all(os.path.isabs(path) for path in paths) else []  # else the bare names


def install(sanitizers: str, source: Path, target: Path) -> None:
    ignored = shutil.ignore_patterns(".git", "build", "*.so", "_regret_fast.c", "*.egg-info")
    shutil.copytree(ROOT, source, ignore=ignored)
    settings = source / "pyproject.toml"  # checked code takes minutes to optimize fully
    settings.write_text(settings.read_text().replace('"-O3"', '"-O1"'))
    flags = f"-fsanitize={sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1"
    environment = os.environ | {"CFLAGS": flags, "LDFLAGS": flags, "CC": "gcc"}
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--quiet", "--target"]
    command = [sys.executable, "-m", "pip", "install", *options, str(target), str(source)]
    subprocess.run(command, env=environment, check=True)


def run_tests(build: Build, libraries: list[str], folder: Path, options: list[str]) -> int:
    tests = folder / "tests"
    shutil.copytree(ROOT / "tests" / "policy", tests)
    environment = os.environ | build.options
    environment |= {
        "PYTHONPATH": str(folder / "target"),
        "LD_PRELOAD": " ".join(libraries),
        "PYTHONMALLOC": "malloc",
    }
    code = "import skroute.policy._regret_fast as m; print('testing', m.__file__)"
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider"]
    command += ["--capture=sys"]  # a report is written by the process as it ends
    command += ["--rootdir", str(tests)]
    command += [str(tests / name) if name.endswith(".py") else name for name in build.tests]
    return subprocess.run([*command, *options], cwd=folder, env=environment, check=False).returncode


def main() -> int:
    for build in BUILDS:
        libraries = find_libraries(build.libraries)
        if not libraries:
            print(f"left out: GCC or {' and '.join(build.libraries)} is not installed")
            continue
        print(f"sanitizers: {build.sanitizers}", flush=True)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            install(build.sanitizers, folder / "source", folder / "target")
            code = run_tests(build, libraries, folder, sys.argv[1:])
        if code != 0:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
