"""The browser that the front-end and browser tests share."""

from typing import Any

import pytest

from scripts.find_chromium import HELP, find_chromium


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
