"""A file is written whole, or what was there before stays."""

import os
import threading
from pathlib import Path

import pytest

from filterviz_widget.store.atomic import whole_file, written_whole


def names(folder):
    return sorted(one.name for one in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path):
    with written_whole(tmp_path / "a") as file:
        file.write(b"half")
        file.flush()
        assert not (tmp_path / "a").exists()
        file.write(b" and half")
    assert (tmp_path / "a").read_bytes() == b"half and half"
    assert names(tmp_path) == ["a"]


def test_by_name_too(tmp_path):
    with whole_file(str(tmp_path / "a")) as part:
        assert part.parent == tmp_path
        part.write_bytes(b"whole")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt(), SystemExit(1)])
def test_what_fails_leaves_the_old_file_and_no_other(tmp_path, error):
    (tmp_path / "a").write_bytes(b"precious")

    def write():
        with written_whole(tmp_path / "a") as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert (tmp_path / "a").read_bytes() == b"precious"
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
def test_a_full_disk_says_so_and_leaves_the_old_file(tmp_path):
    (tmp_path / "a").write_bytes(b"precious")

    def write():
        with whole_file(tmp_path / "a") as part:
            part.symlink_to("/dev/full")  # whatever is written there finds the disk full
            part.write_bytes(b"half")

    with pytest.raises(OSError, match="No space"):
        write()
    assert (tmp_path / "a").read_bytes() == b"precious"
    assert names(tmp_path) == ["a"]


def test_two_threads_that_save_to_one_place_do_not_mix(tmp_path):
    begun = threading.Barrier(8)

    def write(letter):
        with written_whole(tmp_path / "a") as file:
            begun.wait(10)
            for _ in range(100):
                file.write(letter)
                file.flush()

    threads = [threading.Thread(target=write, args=(bytes([65 + number]),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = (tmp_path / "a").read_bytes()
    assert len(found) == 100
    assert len(set(found)) == 1
    assert names(tmp_path) == ["a"]


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "disk" / "b")
    with written_whole(tmp_path / "a") as file:
        file.write(b"there")
    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "disk" / "b").read_bytes() == b"there"


def test_the_file_is_for_whom_other_files_are(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    with written_whole(tmp_path / "a") as file:
        file.write(b"x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_the_longest_name_that_a_folder_takes_can_be_written(tmp_path):
    name = "a" * os.pathconf(tmp_path, "PC_NAME_MAX")
    with written_whole(tmp_path / name) as file:
        file.write(b"x")
    assert names(tmp_path) == [name]
