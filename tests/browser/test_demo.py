"""What `make demo` starts."""

import socket
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab, Notebook


def test_the_printed_address_opens_the_quickstart(lab: Lab, notebook: Notebook) -> None:
    assert lab.address.startswith(f"http://127.0.0.1:{lab.port}/lab/tree/quickstart.ipynb?token=")
    expect(notebook.page.get_by_role("tab", name="quickstart.ipynb")).to_be_visible()
    expect(notebook.page.get_by_role("heading", name="What does a filter see?")).to_be_visible()


def test_nobody_gets_in_without_the_token(lab: Lab) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"http://127.0.0.1:{lab.port}/api/contents")


def test_only_this_machine_can_connect(lab: Lab) -> None:
    socket.create_connection(("127.0.0.1", lab.port), timeout=5).close()
    # A server that listens on all addresses would answer here too.
    with pytest.raises((ConnectionRefusedError, TimeoutError)):
        socket.create_connection(("127.0.0.2", lab.port), timeout=5)
