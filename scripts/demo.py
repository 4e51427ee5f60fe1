"""Starts JupyterLab with the quickstart notebook, on this machine only and with a token."""

import argparse
from pathlib import Path

from filterviz_widget.demo.notebook import start

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "quickstart.ipynb"


def main() -> None:
    """Replaces this process by JupyterLab, which prints its address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8888)
    parser.add_argument(
        "--browser", choices=["yes", "no"], default="yes", help="open a browser where there is a screen"
    )
    parser.add_argument("--notebook", type=Path, default=NOTEBOOK, help="another notebook than the quickstart")
    options = parser.parse_args()
    start(options.notebook.resolve(), options.port, options.browser == "yes")


if __name__ == "__main__":
    main()
