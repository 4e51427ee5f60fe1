"""Starts JupyterLab with the quickstart notebook, on this machine only and with a token."""

import argparse
import os
import sys
from pathlib import Path
from urllib.parse import quote

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "quickstart.ipynb"

SETTINGS = Path(__file__).parent / "jupyter"
"""Nothing may stand before the first picture: no question about news (labconfig/), and in the output of the first cell
none of the log lines of TensorFlow's C++, which no variable turns off any more (kernels/: to the terminal)."""


def has_display() -> bool:
    """Says whether a browser would have a screen to open on."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def main() -> None:
    """Replaces this process by JupyterLab, which prints its address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8888)
    parser.add_argument(
        "--browser", choices=["yes", "no"], default="yes", help="open a browser where there is a screen"
    )
    parser.add_argument("--notebook", type=Path, default=NOTEBOOK, help="another notebook than the quickstart")
    options = parser.parse_args()
    notebook = options.notebook.resolve()
    command = [
        sys.executable,
        *("-m", "jupyterlab"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={options.port}",
        f"--ServerApp.open_browser={options.browser == 'yes' and has_display()}",
        f"--ServerApp.root_dir={notebook.parent}",
        f"--LabApp.default_url=/lab/tree/{quote(notebook.name)}",  # also in the address that is printed
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--ServerApp.allow_root=True")  # containers
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        os.environ[name] = os.pathsep.join(filter(None, [str(SETTINGS), os.environ.get(name)]))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
