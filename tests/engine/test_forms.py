"""The forms of convolutions are found once per machine; a file that is no good is as good as none."""

import json
import threading

import pytest

from filterviz_widget.engine import forms
from filterviz_widget.engine.forms import Remembered, machine
from filterviz_widget.twin import Choice, measured
from filterviz_widget.twin.convolution import Case, Form

CASE = Case((8, 8), (3, 3, 4, 4), (1, 1), "same", (1, 1), "float32")
FOUND = Choice(Form("turned", "laid out"), 1.5)


@pytest.fixture
def timed(monkeypatch):
    """The cases that were timed."""
    asked = []
    monkeypatch.setattr(measured, "measure", lambda case: asked.append(case) or FOUND)
    return asked


def test_what_was_found_is_not_timed_again_in_this_process_or_the_next(timed, tmp_path):
    path = tmp_path / "deep" / "forms.json"
    first = Remembered(path)
    assert [first(CASE), first(CASE)] == [FOUND, FOUND]
    assert Remembered(path)(CASE) == FOUND
    assert timed == [CASE]
    other = CASE._replace(size=(9, 8))
    first(other)
    assert timed == [CASE, other]
    assert Remembered(path)(CASE) == Remembered(path)(other) == FOUND
    assert len(timed) == 2


def test_another_machine_finds_its_own_in_the_same_file(timed, tmp_path, monkeypatch):
    path = tmp_path / "forms.json"
    Remembered(path)(CASE)
    monkeypatch.setattr(forms, "machine", lambda: "another")
    Remembered(path)(CASE)
    assert len(timed) == 2
    monkeypatch.undo()
    assert set(json.loads(path.read_text())) == {machine(), "another"}
    Remembered(path)(CASE)
    assert len(timed) == 2


BROKEN = [
    *("", "{", "[]", "3", '"x"', '{"a": 1}', "[" * 100_000),
    *(json.dumps({"MACHINE": written}) for written in (3, [], {"KEY": 3}, {"KEY": ["turned"]}, {"KEY": [1, 2, 3]})),
    *(
        json.dumps({"MACHINE": {"KEY": written}})
        for written in (
            ["evil", "own", 1.0],
            ["padded", "own", 1.0],  # a form that this convolution does not have
            ["turned", "laid out", "fast"],
            ["turned", "laid out", -1],
            ["turned", "laid out", True],
            ["turned", "laid out", float("nan")],
        )
    ),
]


@pytest.mark.parametrize("contents", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_or_foreign_file_is_ignored_and_replaced(timed, tmp_path, contents):
    path = tmp_path / "forms.json"
    path.write_text(contents.replace("MACHINE", machine()).replace('"KEY"', json.dumps(json.dumps(CASE))))
    assert Remembered(path)(CASE) == FOUND
    assert timed == [CASE]
    Remembered(path)(CASE)
    assert len(timed) == 1, "what was written instead is good"


def test_where_nothing_can_be_remembered_the_form_is_the_same_in_every_process(timed, tmp_path):
    (tmp_path / "file").write_text("")
    found = Remembered(tmp_path / "file" / "forms.json")
    assert [found(CASE), found(CASE)] == [Choice(Form("plain", "own"), 0.0)] * 2
    assert timed == []
    dilated = CASE._replace(dilation=(2, 2))
    assert found(dilated).form.backward == "laid out", "TensorFlow's own is missing on some processors"
    directory = tmp_path / "forms.json"
    directory.mkdir()
    assert Remembered(directory)(CASE).form == Form("plain", "own")


def test_who_finds_out_at_once_agrees_and_loses_nothing(monkeypatch, tmp_path):
    """With a memory each, as processes have: the lock holds between files that are open, not between processes."""
    cases = [CASE._replace(size=(size, 8)) for size in range(8, 40)]
    own, begin, told = threading.local(), threading.Barrier(4), {}
    monkeypatch.setattr(measured, "measure", lambda _: Choice(Form(own.form, "own"), 1.0))

    def find(form, number):
        own.form, found = form, Remembered(tmp_path / "forms.json")
        begin.wait(60)
        told[number] = [found(case) for case in cases]

    threads = [threading.Thread(target=find, args=(("plain", "turned")[number % 2], number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert told[0] == told[1] == told[2] == told[3]
    assert len(json.loads((tmp_path / "forms.json").read_text())[machine()]) == len(cases)
