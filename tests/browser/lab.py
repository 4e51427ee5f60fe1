"""A real JupyterLab for the browser tests: its server, its kernel and its page."""

import ast
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from playwright.sync_api import Locator, Page, expect

REPOSITORY = Path(__file__).parents[2]


def free_port() -> int:
    """Returns a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a program in good order, or after 20 seconds at once."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Lab:
    """JupyterLab as `make demo` starts it, with all its settings and files under `folder`."""

    def __init__(self, folder: Path, notebook: Path) -> None:
        self.folder, self.notebook = folder, notebook
        self.log = folder / "log.txt"
        self.port = free_port()
        environment = {**os.environ, "IPYTHONDIR": str(folder / "ipython")}
        for name in (
            "JUPYTER_CONFIG",
            "JUPYTER_DATA",
            "JUPYTER_RUNTIME",
            "JUPYTERLAB_SETTINGS",
            "JUPYTERLAB_WORKSPACES",
        ):
            environment[f"{name}_DIR"] = str(folder / name.lower())
        command = [sys.executable, "scripts/demo.py", "--port", str(self.port), "--browser", "no"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--notebook", str(notebook)], cwd=REPOSITORY, env=environment, stdout=log, stderr=log
            )
        self.address = self._wait_for_address(90)

    def _wait_for_address(self, seconds: float) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S*token=\w+", self.log.read_text()):
                return found[0]
            time.sleep(0.2)
        raise AssertionError(f"JupyterLab printed no address:\n{self.log.read_text()}")

    def kernel(self) -> "Kernel":
        """Connects to the kernel of the one notebook that is open."""
        token = self.address.partition("token=")[2]
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/sessions?token={token}") as answer:
            sessions = json.load(answer)
        return Kernel(self.folder / "jupyter_runtime" / f"kernel-{sessions[0]['kernel']['id']}.json")

    def let_go(self, name: str) -> None:
        """Ends what a cell is waiting for by that name."""
        (self.notebook.parent / name).touch()

    def close(self) -> None:
        """Ends the server, which ends its kernels."""
        end(self.process)


class Kernel:
    """Runs code beside the notebook, in the same kernel."""

    def __init__(self, connection_file: Path) -> None:
        self._client = BlockingKernelClient(connection_file=str(connection_file))
        self._client.load_connection_file()
        self._client.start_channels(iopub=False, stdin=False, hb=False)

    def __call__(self, expression: str, before: str = "", timeout: float = 60) -> Any:
        """Returns the value of an expression (a literal), after some statements."""
        identity = self._client.execute(before, silent=True, user_expressions={"value": expression})
        while True:
            reply = self._client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == identity:
                break
        content = reply["content"]
        value = content.get("user_expressions", {}).get("value", content)
        if value.get("status") != "ok":
            raise AssertionError("\n".join(value.get("traceback", [str(value)])))
        return ast.literal_eval(value["data"]["text/plain"])

    def close(self) -> None:
        self._client.stop_channels()


class Notebook:
    """The notebook on the screen."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.goto(address)
        expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=90_000)
        self.wait_until_idle()

    def wait_until_idle(self, timeout: float = 90) -> None:
        # The status bar, not the notebook's indicator, which is idle too while there is no kernel yet.
        expect(self.page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| Idle$"))).to_be_visible(
            timeout=1000 * timeout
        )

    def cell(self, place: int) -> Locator:
        """A code cell, counted from 0 among the code cells."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(place)

    def prompt(self, place: int) -> str:
        return self.cell(place).locator(".jp-InputPrompt").first.inner_text()

    def start(self, place: int) -> None:
        """Runs a cell by the keyboard, and returns when the kernel is at it or done."""
        before = self.prompt(place)
        self.cell(place).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        expect(self.cell(place).locator(".jp-InputPrompt").first).not_to_have_text(before)

    def run(self, place: int, timeout: float = 90) -> None:
        """Runs a cell to its end."""
        self.start(place)
        expect(self.cell(place).locator(".jp-InputPrompt").first).to_have_text(
            re.compile(r"\[\d+\]"), timeout=1000 * timeout
        )

    def restart(self) -> None:
        """Restarts the kernel, as a user does."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).click()
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()


class View:
    """One view of an explorer."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.picture = root.locator("figure img")

    def slider(self, name: str) -> Locator:
        return self.root.get_by_role("slider", name=name, exact=True)

    def number(self, name: str) -> Locator:
        return self.root.get_by_role("spinbutton", name=name, exact=True)

    def enter(self, name: str, value: float) -> None:
        self.number(name).fill(str(value))
        self.number(name).press("Enter")

    def expect_picture(self, layer: str, filter: int, timeout: float = 30) -> None:
        expect(self.picture).to_have_accessible_name(
            f"What filter {filter} of layer {layer} responds to", timeout=1000 * timeout
        )

    def expect_words(self, words: str | re.Pattern[str], timeout: float = 30) -> None:
        expect(self.root.locator(".filterviz-words")).to_have_text(words, timeout=1000 * timeout)
