"""Finds a Chromium for the browser tests and prints its path; with --install, installs one where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
HELP = (
    "No Chromium was found, and none could be installed. Install Chromium or Chrome, or set the environment variable "
    "CHROMIUM to the path of one."
)


def find_chromium() -> str | None:
    """Returns the browser that $CHROMIUM names, the system's, or Playwright's own; None if there is none."""
    if named := os.environ.get("CHROMIUM"):
        return named
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install() -> None:
    """Tries Debian's package where this is root's to do, then Playwright's download."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        attempts[:0] = [["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "-y", "chromium"]]
    for command in attempts:
        print("$", " ".join(command), flush=True)
        try:
            subprocess.run(command, check=False, timeout=600, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        except subprocess.TimeoutExpired:
            print("(took longer than 10 minutes)")
        if find_chromium():
            return


def main() -> None:
    """Prints the path, or says what to do and fails."""
    if "--install" in sys.argv[1:] and not find_chromium():
        install()
    path = find_chromium()
    if path is None:
        sys.exit(HELP)
    print(path)


if __name__ == "__main__":
    main()
