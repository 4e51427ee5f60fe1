"""Files of an atlas that are damaged, lost, put elsewhere or made to lead out of it are refused, by their names."""

import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filterviz_widget import Atlas
from filterviz_widget.atlas.files import inside, read_json, write_json

DATA = {"name": "first", "numbers": [1.5, -2, None], "words": "Blüten </script>"}


@given(st.data())
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_file_with_a_byte_changed_is_refused_or_tells_the_same(tmp_path, data):
    if not (tmp_path / "whole.json").exists():
        write_json(tmp_path, "a.json", DATA)
        shutil.copy(tmp_path / "a.json", tmp_path / "whole.json")
    content = bytearray((tmp_path / "whole.json").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a.json").write_bytes(content)
    try:
        found, refused = read_json(tmp_path, "a.json"), ""
    except ValueError as error:
        found, refused = {}, str(error)
    if refused:
        assert "a.json' is damaged: " in refused
    else:  # what was changed may be the digest's own name
        assert {name: found[name] for name in DATA} == DATA


def test_a_file_tells_what_was_written_with_a_digest_or_without(tmp_path):
    for data in (DATA, {}):
        write_json(tmp_path, "a.json", data)
        assert read_json(tmp_path, "a.json") == data
        (tmp_path / "a.json").write_text(json.dumps(data))
        assert read_json(tmp_path, "a.json") == data
    assert read_json(tmp_path, "none.json") is None


@pytest.mark.parametrize("end", [b"\r\n", b"", b"\n\n", b"\n"])
def test_also_where_another_program_has_touched_its_last_line(tmp_path, end):
    write_json(tmp_path, "a.json", {"v": 123})
    whole = (tmp_path / "a.json").read_bytes()
    (tmp_path / "a.json").write_bytes(whole.rstrip() + end)
    assert read_json(tmp_path, "a.json") == {"v": 123}
    (tmp_path / "a.json").write_bytes(whole.rstrip().replace(b"123", b"124") + end)
    with pytest.raises(ValueError, match=r"a.json' is damaged: it is not as it was written"):
        read_json(tmp_path, "a.json")


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.json").write_text('{"secret": 1}')
    (tmp_path / "atlas").mkdir()
    (tmp_path / "atlas" / "a.json").symlink_to(tmp_path / "outside" / "a.json")
    (tmp_path / "atlas" / "layers").symlink_to(tmp_path / "outside")
    for address in ("a.json", "layers/a.json"):
        with pytest.raises(ValueError, match="is damaged: expected an address in it"):
            read_json(tmp_path / "atlas", address)
    (tmp_path / "link").symlink_to(tmp_path / "outside")  # of the folder itself, which the user gives
    assert read_json(tmp_path / "link", "a.json") == {"secret": 1}


def test_a_file_in_the_place_of_another_is_refused(tmp_path):
    write_json(tmp_path, "a/shard.json", DATA)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    with pytest.raises(ValueError, match=r"shard.json' is damaged: it is not as it was written, or not in its place"):
        read_json(tmp_path, "b/shard.json")


@pytest.mark.parametrize("content", ["null", "3", "[]", '"words"'])
def test_a_file_that_holds_something_else_is_damaged_and_not_missing(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=r"a.json' is damaged: it holds "):
        read_json(tmp_path, "a.json")


@pytest.mark.parametrize("address", ["../a", "a/../../b", "/etc/passwd", "C:\\a", "a\\..\\..\\b", "a\0", 3, None])
def test_an_address_that_leads_out_of_the_folder_is_refused(tmp_path, address):
    with pytest.raises(ValueError, match="is damaged: expected an address in it"):
        inside(tmp_path, address)


@pytest.fixture
def copy(atlas, tmp_path):
    return Atlas.open(shutil.copytree(atlas.folder, tmp_path / "copy"))


def test_what_is_finished_and_gone_is_named(copy):
    (copy.folder / "layers/01-second/00000/shard.json").unlink()
    with pytest.raises(ValueError, match=r"01-second/00000/shard.json' is missing. .* Run it again"):
        copy.to_dataframe()
    (copy.folder / "layers/00-first/examples.json").unlink()
    with pytest.raises(ValueError, match=r"00-first/examples.json' is missing"):
        copy.filter("first", 0)


def edit(path, change):
    content = json.loads(path.read_text("utf-8"))
    del content["digest"]
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("atlas.json", lambda about: about["layers"][0].pop("filters")),
        ("atlas.json", lambda about: about.update(layers=3)),
        ("atlas.json", lambda about: about["layers"][0].update(folder="../other")),
        ("layers/00-first/00000/shard.json", lambda shard: shard.pop("filters")),
        ("layers/00-first/00000/shard.json", lambda shard: shard.update(layer="second")),
        ("layers/00-first/00000/shard.json", lambda shard: shard["filters"].reverse()),
        ("layers/00-first/00000/shard.json", lambda shard: shard["filters"][0].pop("inhibits")),
        ("layers/00-first/examples.json", lambda found: found["filters"].pop()),
        ("layers/00-first/layer.json", lambda layer: layer.update(profiles="AAAA")),
        ("layers/00-first/layer.json", lambda layer: layer.pop("activations")),
        ("layers/00-first/layer.json", lambda layer: layer.update(name="second")),
    ],
)
def test_a_file_without_a_digest_that_was_edited_is_refused_in_words(copy, name, change):
    edit(copy.folder / name, change)
    with pytest.raises(ValueError, match="is damaged: "):
        Atlas.open(copy.folder).to_dataframe(), copy.compare(copy)


def test_a_picture_that_is_none_is_named(copy):
    path = copy.folder / copy.filter("first", 0)["optimum"]
    path.write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"0\.webp' is damaged"):
        copy.image("first", 0)
