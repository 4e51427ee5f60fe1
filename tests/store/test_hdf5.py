"""Files that HDF5 would read for ever are known before, and all others are not."""

import io

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterviz_widget.store.hdf5 import HEAP, file_is_endless, is_endless


def file_of(texts, **options):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        for number, text in enumerate(texts):
            file.attrs[f"text{number}"] = text  # of any length, so in a heap
        file["array"] = np.arange(100.0)
    return buffer.getvalue()


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=5000), max_size=40))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_was_written_has_an_end(texts):
    for options in ({}, {"libver": "latest"}):
        assert not is_endless(file_of(texts, **options))


@pytest.mark.parametrize("options", [{}, {"libver": "latest"}])
def test_a_heap_that_goes_on_with_zeros_has_none(options, tmp_path):
    whole = file_of(["x" * 100, "y" * 200], **options)
    place = whole.index(HEAP)
    path = tmp_path / "a.h5"
    for cut in (whole.index(b"y" * 200) - 16, whole.index(b"y" * 200) + 200):  # an object, and what is free
        path.write_bytes(whole[:cut] + bytes(place + 4096 - cut) + whole[place + 4096 :])
        assert file_is_endless(path)


def test_what_is_no_such_file_or_all_heaps_is_looked_at_in_a_moment(tmp_path):
    for content in (b"", b"short", bytes(1000)):
        (tmp_path / "a").write_bytes(content)
        assert not file_is_endless(tmp_path / "a")
    # Each of these heaps says that it goes on over all those after it.
    heap = HEAP + (10**9).to_bytes(8, "little") + b"\1" + bytes(7) + (16).to_bytes(8, "little")
    assert is_endless(bytes(14) + b"\x08\0" + heap * 20_000)
