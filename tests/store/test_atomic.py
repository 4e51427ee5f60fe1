"""A file is written whole, or what was there before stays."""

import errno
import os
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filterviz_widget.store.atomic import whole_file, written_whole
from tests.limited import limited


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


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
@given(st.lists(st.binary(min_size=1, max_size=3000), min_size=1, max_size=5), st.integers(0, 12_000))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_disk_that_is_full_at_any_byte_leaves_the_old_file_and_is_said_of_the_path(tmp_path, pieces, most):
    (tmp_path / "a").write_bytes(b"precious")
    whole, said = b"".join(pieces), ""
    with limited("RLIMIT_FSIZE", most):
        try:
            with written_whole(tmp_path / "a") as file:
                for piece in pieces:
                    file.write(piece)
        except OSError as error:
            said = str(error)
    assert bool(said) == (len(whole) > most)
    if said:
        assert said == f"[Errno {errno.EFBIG}] File too large: '{tmp_path / 'a'}'"
    assert (tmp_path / "a").read_bytes() == (b"precious" if said else whole)
    assert names(tmp_path) == ["a"]


def test_where_nothing_can_be_written_it_is_said_of_the_path(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    for name, error in {"file/a": errno.ENOTDIR, "none/a": errno.ENOENT, "loop": errno.ELOOP}.items():
        with pytest.raises(OSError) as raised, written_whole(tmp_path / name):  # noqa: PT011
            pass
        assert (raised.value.errno, raised.value.filename) == (error, str(tmp_path / name))
    assert (tmp_path / "loop").is_symlink()
    monkeypatch.setenv("HOME", str(tmp_path))
    with written_whole("~/a") as file:
        file.write(b"home")
    assert (tmp_path / "a").read_bytes() == b"home"


def test_what_another_file_is_the_reason_of_is_said_of_that(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"), written_whole(tmp_path / "a"):
        (tmp_path / "nowhere").read_bytes()
    with pytest.raises(OSError, match=r"^it is damaged$"), written_whole(tmp_path / "a"):
        raise OSError("it is damaged")


def test_a_folder_or_a_device_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to(os.devnull)
    for name in ("folder", "device"):
        with pytest.raises(FileExistsError, match="a folder or a device"), written_whole(tmp_path / name):
            pytest.fail("it was opened")
    assert names(tmp_path) == ["device", "folder"]


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
