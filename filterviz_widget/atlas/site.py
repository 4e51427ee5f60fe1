"""The page of an atlas: copied into its folder, and shown by a small server on this machine."""

from __future__ import annotations

import functools
import http.server
import socketserver
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from filterviz_widget.atlas.files import write_bytes

PAGE = {"site.js": "site.js", "site.css": "site.css", "index.html": "atlas.html"}
"""Files of the page, and what they are called in the package; in this order they are written."""


def write_page(folder: Path) -> None:
    """Copies the page into a folder, as far as it is not there.

    Raises:
        ImportError: If the front end was not built.
        OSError: If it cannot be written.
    """
    for name, source in PAGE.items():
        try:
            data = files("filterviz_widget").joinpath("static", source).read_bytes()
        except FileNotFoundError:
            raise ImportError(
                f"The front end is not built: filterviz_widget/static/{source} is missing. In a checkout run `python "
                "hatch_build.py`; otherwise install filterviz-widget anew."
            ) from None
        if not (folder / name).is_file() or (folder / name).read_bytes() != data:
            write_bytes(folder / name, data)


def server(folder: Path, port: int = 0) -> socketserver.ThreadingTCPServer:
    """A web server for a folder, on 127.0.0.1 alone; the caller runs and closes it.

    Args:
        folder: What it serves: its files, and no list of them.
        port: 0 for any that is free.

    Raises:
        OSError: If the port is taken.

    Example:

    >>> with server(Path("atlas/")) as running:
    ...     print(f"http://127.0.0.1:{running.server_address[1]}/")
    ...     running.serve_forever()
    """
    made = _Server(("127.0.0.1", port), functools.partial(_Handler, directory=str(folder)))
    made.daemon_threads = True
    return made


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


class _Handler(http.server.SimpleHTTPRequestHandler):
    def send_head(self) -> Any:
        """Gives nothing that is hidden, and nothing to the pages of others, whose name may lead here."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in ("127.0.0.1", "localhost") or self.headers.get("Sec-Fetch-Site") == "cross-site":
            self.send_error(403, "Only for pages of this machine")
            return None
        if any(part.startswith(".") for part in unquote(self.path).split("?")[0].split("/")):
            self.send_error(404, "There is no such file")
            return None
        return super().send_head()

    def log_message(self, *_: Any) -> None:
        """Says nothing: the terminal belongs to the user."""

    def list_directory(self, path: Any) -> None:
        """Lists nothing: what is there the page says."""
        self.send_error(404, "There is no such file")

    def end_headers(self) -> None:
        # While the atlas is made its files change.
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()
