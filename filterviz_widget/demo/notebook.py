"""Starts JupyterLab with a notebook, on this machine only and with a token."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

NAME = "quickstart.ipynb"


def quickstart(folder: Path) -> Path:
    """Copies the quickstart notebook into a folder, unless it is there already.

    Raises:
        OSError: If the folder cannot be written.
    """
    notebook = folder.expanduser().resolve() / NAME
    if not notebook.exists():
        packed = Path(str(files("filterviz_widget.demo").joinpath(NAME)))
        source = packed if packed.is_file() else Path(__file__).parents[2] / "notebooks" / NAME  # in a checkout
        notebook.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, notebook)
    return notebook


def start(notebook: Path, port: int, opens: bool, settings: Sequence[Path] = ()) -> None:
    """Replaces this process by JupyterLab, which prints its address.

    Args:
        notebook: The notebook.
        port: Where it listens, on 127.0.0.1.
        opens: Whether to open a browser, where there is a screen.
        settings: Folders with settings and kernels of Jupyter's, before its own.

    Raises:
        ImportError: If JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise ImportError("The demonstration runs in JupyterLab: install filterviz-widget[notebook].")
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
        if settings:
            os.environ[name] = os.pathsep.join([*map(str, settings), *filter(None, [os.environ.get(name)])])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if os.name == "nt":  # which does not replace a process, and quotes no names
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def has_display() -> bool:
    """Says whether a browser would have a screen to open on."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
