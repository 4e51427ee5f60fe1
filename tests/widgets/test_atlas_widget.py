"""The widget of an atlas: it sends the files of the atlas, and none but these; it says how far the atlas is."""

import json
from pathlib import Path

import pytest

from filterviz_widget.widgets.atlas_widget import AtlasWidget


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.json").write_text("{}")
    atlas = tmp_path / "atlas"
    (atlas / "layers").mkdir(parents=True)
    (atlas / "atlas.json").write_text(json.dumps({"format": 1}))
    (atlas / "layers" / "1.webp").write_bytes(b"picture")
    (atlas / "notes.txt").write_text("mine")
    return atlas


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(AtlasWidget, "send", lambda self, content, buffers=None: messages.append((content, buffers)))
    return messages


def test_it_sends_the_files_of_the_atlas_and_no_others(folder, sent):
    widget = AtlasWidget(folder, 17, lambda: None)
    heard = widget.heard
    for path in ("atlas.json", "layers/1.webp"):
        widget._handle_custom_msg({"type": "file", "path": path}, [])
    assert [content for content, _ in sent] == [
        {"type": "file", "path": "atlas.json"},
        {"type": "file", "path": "layers/1.webp"},
    ]
    assert sent[1][1] == [b"picture"]
    sent.clear()
    wrong = ["../secret.json", "layers/../../secret.json", str(folder / "atlas.json"), "notes.txt", "none.json"]
    for path in [*wrong, None, 3, "x" * 2000 + ".json", "a\0.json"]:
        widget._handle_custom_msg({"type": "file", "path": path}, [])
    outside = [content for content, buffers in sent if buffers and content["path"] != str(folder / "atlas.json")]
    assert outside == []
    assert widget.heard == heard + 11, "every message is answered"
    widget.close()


def test_it_says_how_far_the_atlas_is_and_stops_it(folder):
    stopped = []
    widget = AtlasWidget(folder, 17, lambda: stopped.append(True))
    widget.tell(3, 1, "making", "2 a second, 7 s left", "in this process")
    assert (widget.made, widget.parts, widget.state, widget.pace) == (3, 1, "making", "2 a second, 7 s left")
    assert widget.note == "in this process"
    assert repr(widget) == "AtlasWidget: 3 of 17 filters, making"
    widget._handle_custom_msg({"type": "stop"}, [])
    assert stopped == [True]
    widget.set_state({"made": 17})
    assert widget.made == 3
    assert "no setting 'made'" in widget.error
    widget.close()
    assert widget.closed
