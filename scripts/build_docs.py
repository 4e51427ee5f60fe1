"""Builds the site strictly, and puts it into docs/_site/ once it is whole: where building fails, the last one stays."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITE = ROOT / "docs" / "_site"
BUILT = ROOT / "build" / "site"


def build(folder: Path) -> None:
    """Builds into a folder, outside docs/ as mkdocs wants it.

    Raises:
        subprocess.CalledProcessError: Where a link, an anchor or a page is missing; mkdocs has said which.
    """
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--quiet", "--site-dir", str(folder)]
    quiet = {"NO_MKDOCS_2_WARNING": "1"}  # of what will follow mkdocs, which nobody here can do anything about
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, **quiet})


def main() -> None:
    """Builds the site and puts it in its place."""
    build(BUILT)
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.move(BUILT, SITE)
    print(SITE / "index.html")


if __name__ == "__main__":
    main()
