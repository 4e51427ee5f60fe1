"""The server of an atlas gives its files to this machine alone, and nothing else."""

import shutil
import threading
import urllib.error
import urllib.request

import pytest


def test_it_serves_the_folder_and_no_list_of_it(atlas):
    (atlas.folder.parent / "secret.txt").write_text("not for the page")
    with atlas.serve() as server:
        host, port = server.server_address
        assert host == "127.0.0.1"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://{host}:{port}/atlas.json") as answer:
            assert answer.read() == (atlas.folder / "atlas.json").read_bytes()
            assert answer.headers["Cache-Control"] == "no-cache"
        with urllib.request.urlopen(f"http://{host}:{port}/") as answer:
            assert answer.read() == (atlas.folder / "index.html").read_bytes()
        (atlas.folder / ".work").mkdir(exist_ok=True)
        (atlas.folder / ".work" / "model.keras").write_bytes(b"weights")
        for address in (
            "layers/",
            "../secret.txt",
            "%2e%2e/secret.txt",
            "nothing.json",
            ".work/model.keras",
            "%2ework/model.keras",
        ):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://{host}:{port}/{address}")
        for header in ({"Host": f"evil.example:{port}"}, {"Sec-Fetch-Site": "cross-site"}):
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/atlas.json", headers=header))
        shutil.rmtree(atlas.folder / ".work")
        server.shutdown()
