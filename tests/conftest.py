"""What all tests share: a browser, large networks, a cache that is not the user's, and where the time went."""

import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest

from scripts.find_chromium import HELP, find_chromium
from tests.applications import FAMILIES, Application, build


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = find_chromium()
    if path is None:
        pytest.fail(f"{HELP} Or run `make chromium`.")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return {
        **browser_type_launch_args,
        "executable_path": path,
        "args": ["--no-sandbox", "--disable-dev-shm-usage", *quiet],
    }


@pytest.fixture(scope="session", params=[pytest.param(name, marks=pytest.mark.big) for name in FAMILIES])
def application(request: pytest.FixtureRequest) -> Application:
    """One network after the other: pytest runs all tests that take it before it builds the next."""
    return build(request.param)


@pytest.fixture
def quick_to_start() -> Iterator[None]:
    """For functions that run once: optimising the graph of one would take longer than running it."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


def pytest_configure(config: pytest.Config) -> None:
    """What is cached, also by a program that a test starts, goes to a folder of this run and away with it."""
    folder = tempfile.mkdtemp(prefix="filterviz-cache-")
    environment = pytest.MonkeyPatch()
    if sys.platform == "linux" and "PLAYWRIGHT_BROWSERS_PATH" not in os.environ:
        # Playwright keeps its browsers in the user's cache, and must go on finding them there.
        users = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        environment.setenv("PLAYWRIGHT_BROWSERS_PATH", str(Path(users) / "ms-playwright"))
    for name in ("XDG_CACHE_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):  # where platformdirs looks
        environment.setenv(name, folder)
    if "TF_CPP_MIN_LOG_LEVEL" not in os.environ:
        environment.setenv("TF_CPP_MIN_LOG_LEVEL", "2")  # a failure's output is its own, not TensorFlow's greetings
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    config.add_cleanup(environment.undo)


def _same_chances() -> None:
    """What is left to chance, the weights of layers first of all, is the same in every run and for every test alone."""
    random.seed(0)  # Keras takes its seeds from here
    np.random.seed(0)  # noqa: NPY002  # tests that draw take generators; this is for the libraries
    if "tensorflow" in sys.modules:  # of whose generator Keras 2 takes them
        sys.modules["tensorflow"].random.set_seed(0)


def pytest_collectstart() -> None:
    """Layers that stand in a list of parameters have their seeds when the file is read."""
    _same_chances()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Before any fixture."""
    _same_chances()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how long the tests of each folder took, and the longest files, with what was set up for them."""
    files: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                files[report.nodeid.partition("::")[0]] += report.duration
    if len(files) < 2:
        return
    folders: Counter[str] = Counter()
    for file, seconds in files.items():
        folders[str(PurePosixPath(file).parent)] += seconds
    terminalreporter.section("where the time went")
    for title, found in (("Folders", folders.most_common()), ("The ten longest files", files.most_common(10))):
        terminalreporter.write_line(title)
        for name, seconds in found:
            terminalreporter.write_line(f"{seconds:8.1f} s  {name}")
