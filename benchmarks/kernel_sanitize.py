"""Build the compiled losses with the address and undefined-behaviour sanitizers and test them.

    python benchmarks/kernel_sanitize.py [pytest options]

Runs the tests of tests/policy that call the compiled losses. A report of a sanitizer ends the
process and so fails the tests. Checked is the code for the processor at hand.

Needs GCC with its sanitizer libraries, Cython and setuptools in the running environment (Linux);
where the compiler or a library is missing it says so and returns 0.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SANITIZERS, LIBRARIES = "address,undefined", ("libasan.so", "libubsan.so")
# The interpreter leaks on purpose.
OPTIONS = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
# test_classifier.py repeats what these call, through scikit-learn's slow checks.
TESTS = ("test_losses.py", "test_surrogates.py", "test_linear.py", "test_mlp.py")


def find_libraries() -> list[str]:
    """Paths of the libraries to load first; empty if GCC or one of them is missing."""
    if shutil.which("gcc") is None:
        return []
    paths = [
        subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip()
        for name in LIBRARIES
    ]
    return paths if all(os.path.isabs(path) for path in paths) else []  # else the bare names


def install(source: Path, target: Path) -> None:
    ignored = shutil.ignore_patterns(".git", ".venv*", "build", "*.so", "*.egg-info")
    shutil.copytree(ROOT, source, ignore=ignored)
    settings = source / "pyproject.toml"  # checked code takes minutes to optimize fully
    settings.write_text(settings.read_text().replace('"-O3"', '"-O1"'))
    flags = f"-fsanitize={SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1"
    environment = os.environ | {"CFLAGS": flags, "LDFLAGS": flags, "CC": "gcc"}
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--quiet", "--target"]
    command = [sys.executable, "-m", "pip", "install", *options, str(target), str(source)]
    subprocess.run(command, env=environment, check=True)


def run_tests(libraries: list[str], folder: Path, options: list[str]) -> int:
    tests = folder / "tests"
    shutil.copytree(ROOT / "tests" / "policy", tests)
    environment = os.environ | OPTIONS
    environment |= {
        "PYTHONPATH": str(folder / "target"),
        "LD_PRELOAD": " ".join(libraries),
        "PYTHONMALLOC": "malloc",
    }
    code = "import skroute.policy._losses as m; print('testing', m.__file__)"
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider"]
    command += ["--capture=sys"]  # a report is written by the process as it ends
    command += ["--rootdir", str(tests), *(str(tests / name) for name in TESTS)]
    return subprocess.run([*command, *options], cwd=folder, env=environment, check=False).returncode


def main() -> int:
    libraries = find_libraries()
    if not libraries:
        print(f"nothing checked: GCC or one of {', '.join(LIBRARIES)} is not installed")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(folder / "source", folder / "target")
        return run_tests(libraries, folder, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
