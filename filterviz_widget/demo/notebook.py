"""Starts JupyterLab with the notebooks, on this machine only and with a token."""

import importlib.util
import json
import os
import subprocess
import sys
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from filterviz_widget.store.atomic import written_whole
from filterviz_widget.store.paths import full

FIRST = "quickstart.ipynb"

SETTINGS = Path(str(files("filterviz_widget.demo").joinpath("jupyter")))
"""Nothing may stand before the first picture: no question about news (labconfig/), and in the output of the first cell
none of the log lines of TensorFlow's C++, which no variable turns off any more (kernels/: to the terminal)."""

MISSING = (
    'The demonstration runs in JupyterLab, which is not installed: pip install "filterviz-widget[notebook]", or, to '
    'install nothing, uvx --from "filterviz-widget[notebook]" filterviz demo.'
)


def copied(folder: Path) -> Path:
    """Copies the notebooks into a folder; what is there already stays as it is.

    Returns:
        The one to begin with.

    Raises:
        OSError: If the folder cannot be written.
    """
    packed = Path(str(files("filterviz_widget.demo").joinpath("notebooks")))
    source = packed if packed.is_dir() else Path(__file__).parents[2] / "notebooks"  # in a checkout
    folder = full(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted([*source.glob("*.ipynb"), *source.glob("*.webp")]):
        if not (folder / file.name).exists():
            with written_whole(folder / file.name) as copy:
                copy.write(file.read_bytes())
    return folder / FIRST


def check_jupyterlab(arguments: list[str]) -> None:
    """Sees to it that there is a JupyterLab to start.

    In an environment that uv made for this command alone (`uvx`), which cannot be asked for an extra without its name,
    this process is replaced by the same command with it.

    Args:
        arguments: Of this command, to be run again.

    Raises:
        ImportError: If it is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is not None:
        return
    uv = os.environ.get("UV")  # which uv sets for what it runs
    if uv is None or not _is_in_cache(uv):
        raise ImportError(MISSING)
    print("JupyterLab is missing here: the command is run again, with it.", file=sys.stderr, flush=True)
    _become([uv, "tool", "run", "--python", sys.base_prefix, "--from", _with_notebook(), "filterviz", *arguments])


def start(notebook: Path, port: int, opens: bool) -> NoReturn:
    """Replaces this process by JupyterLab, which prints its address.

    Args:
        notebook: The notebook.
        port: Where it listens, on 127.0.0.1.
        opens: Whether to open a browser, where there is a screen.
    """
    command = [
        sys.executable,
        *("-m", "jupyterlab"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={opens and has_display()}",
        f"--ServerApp.root_dir={notebook.parent}",
        f"--LabApp.default_url=/lab/tree/{quote(notebook.name)}",  # also in the address that is printed
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--ServerApp.allow_root=True")  # containers
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        os.environ[name] = os.pathsep.join([str(SETTINGS), *filter(None, [os.environ.get(name)])])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    _become(command)


def has_display() -> bool:
    """Says whether a browser would have a screen to open on."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _is_in_cache(uv: str) -> bool:
    """Says whether this environment is one that uv made in passing, and not one of the user's own."""
    cache = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=False).stdout.strip()
    return bool(cache) and Path(sys.prefix).resolve().is_relative_to(Path(cache).resolve())


def _with_notebook() -> str:
    """This very package, wherever it was installed from, and what its extra `notebook` asks for."""
    package = distribution("filterviz-widget")
    name = f"{package.name}[notebook]"
    told = package.read_text("direct_url.json")  # PEP 610; none of what comes from an index
    if told is None:
        return f"{name}=={package.version}"
    about = json.loads(told)
    if vcs := about.get("vcs_info"):
        return f"{name} @ {vcs['vcs']}+{about['url']}@{vcs['commit_id']}"
    return f"{name} @ {about['url']}"


def _become(command: list[str]) -> NoReturn:
    if os.name == "nt":  # which does not replace a process, and quotes no names
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)
