"""The forms of convolutions are found once per machine; a file that is no good is as good as none."""

import json
import multiprocessing

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


def test_of_two_processes_that_find_out_at_once_the_second_takes_over_what_the_first_wrote(timed, tmp_path):
    path = tmp_path / "forms.json"
    first, second = Remembered(path), Remembered(path)
    first._written = first._read()
    second._written = second._read()
    first(CASE)
    contents = json.loads(path.read_text())
    contents[machine()][json.dumps(CASE)] = ["plain", "own", 2.0]
    path.write_text(json.dumps(contents))
    assert second(CASE).form == Form("plain", "own")


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


def test_a_folder_that_cannot_be_written_is_no_obstacle(timed, tmp_path):
    (tmp_path / "file").write_text("")
    found = Remembered(tmp_path / "file" / "forms.json")
    assert [found(CASE), found(CASE)] == [FOUND, FOUND]
    assert timed == [CASE]
    directory = tmp_path / "forms.json"
    directory.mkdir()
    assert Remembered(directory)(CASE) == FOUND


def _draw(path, queue):
    from filterviz_widget.engine import Engine
    from filterviz_widget.model import read_model
    from tests.networks import small_network, wanted

    picture = Engine(read_model(small_network()), forms=Remembered(path)).picture(wanted())
    queue.put((picture.raw.tobytes(), picture.activations.tobytes()))


def test_two_processes_draw_the_same_bytes(tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    made = []
    for _ in range(2):
        process = context.Process(target=_draw, args=(tmp_path / "forms.json", queue))
        process.start()
        made.append(queue.get(timeout=60))
        process.join(30)
    assert made[0] == made[1]
