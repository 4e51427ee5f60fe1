"""Real servers of notebooks, a real Chromium, and the same cells in each; an error in a page's console fails."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.browser.lab import REPOSITORY, Lab, end, free_port
from tests.hosts import cells, peek

THEMES = {"edit": "dark", "run": "light"}
"""What the pages of marimo's two modes look like here."""

HOSTS_OWN = {
    "(reading 'schema')": "Notebook 7.6: a plugin of JupyterLab's asks for settings that are not there",
    "The getter for the shared module": "Voila 0.5: an extension of JupyterLab's that it cannot load",
    "voila_heartbeat": "Voila 0.5: its page beats before its script is there",
}
"""What hosts call an error of their own accord, and why it is none of ours."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where notebooks lie, and a folder `sockets` beside them with a name short enough for a socket's."""
    environment = pytest.MonkeyPatch()
    environment.setenv("PYTHONPATH", str(REPOSITORY), prepend=os.pathsep)
    yield tmp_path_factory.mktemp("hosts")
    environment.undo()


@pytest.fixture(scope="session")
def socket() -> Iterator[Callable[[str], Path]]:
    with tempfile.TemporaryDirectory(prefix="fv") as short:
        yield lambda name: Path(short) / name


@pytest.fixture(scope="session")
def jupyter(folder: Path, socket: Callable[[str], Path]) -> Iterator[Lab]:
    """One server for Notebook 7 and Voilà."""
    notebooks = folder / "jupyter"
    notebooks.mkdir()
    for name, more in (
        ("notebook", [cells.EXPLORER, cells.HISTORY, cells.FIT]),
        ("voila", [cells.EXPLORER, cells.HISTORY, cells.BUTTON]),
        ("classic", [f"import ipywidgets\n{cells.EXPLORER.rpartition('explorer')[0]}{cells.ROW}"]),
    ):
        cells.notebook(notebooks / f"{name}.ipynb", [cells.SETUP.format(socket=str(socket(name))), *more])
    running = Lab(folder, notebooks / "notebook.ipynb")
    yield running
    running.close()


class Marimo:
    """A server of one marimo notebook."""

    def __init__(self, mode: str, path: Path, *options: str) -> None:
        self.port = free_port()
        self.log = path.with_suffix(f".{mode}.txt")
        command = [sys.executable, "-m", "marimo", mode, str(path), "--host", "127.0.0.1", "--port", str(self.port)]
        more = ["--headless", "--no-token", *options]
        with self.log.open("w") as log:
            self.process = subprocess.Popen([*command, *more], cwd=path.parent, stdout=log, stderr=log)
        self.address = f"http://127.0.0.1:{self.port}"
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/health").close()
                return
            except OSError:
                assert time.monotonic() < until, self.log.read_text()
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)

    def close(self) -> None:
        end(self.process)


@pytest.fixture(scope="session")
def marimo(folder: Path, socket: Callable[[str], Path]) -> Iterator[Callable[..., Marimo]]:
    """Starts a server of the cells in a mode, "edit" or "run"."""
    running: list[Marimo] = []

    def start(mode: str, *options: str) -> Marimo:
        path = folder / f"marimo_{mode}.py"
        cells.marimo_app(path, [cells.SETUP.format(socket=str(socket(f"marimo {mode}"))), *cells.MARIMO], THEMES[mode])
        running.append(Marimo(mode, path, *options))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    ours = [each for each in found if not any(known in each for known in HOSTS_OWN)]
    assert not ours, "\n".join(ours)


@pytest.fixture
def open_page(browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens pages, each as another visitor's."""
    contexts = []

    def said(line: ConsoleMessage) -> None:
        # Voila's templates and marimo want MathJax and the like from a network, which the widgets need not.
        is_elsewhere = "net::ERR_" in line.text and "127.0.0.1" not in line.location["url"]
        if line.type == "error" and not is_elsewhere:
            complaints.append(f"console: {line.text} {line.location['url']}")

    def open_page(address: str, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 2400}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"pageerror: {error}"))
        page.on("console", said)
        page.goto(address, wait_until="commit", timeout=180_000)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def ask(socket: Callable[[str], Path]) -> Callable[[str, str], Any]:
    """The value of an expression in the process of a host."""
    return lambda host, expression: peek.ask(socket(host), expression)
