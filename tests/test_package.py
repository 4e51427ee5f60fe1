"""What the package promises before anything runs."""

import subprocess
import sys

import pytest

import filterviz_widget


def test_importing_the_package_does_no_work_and_brings_no_tensorflow():
    program = (
        "import sys, filterviz_widget\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'anywidget', 'PIL', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "from filterviz_widget import FilterExplorer, visualize_filter\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_every_public_name_is_there_and_an_unknown_one_is_not():
    for name in filterviz_widget.__all__:
        assert getattr(filterviz_widget, name) is not None
        assert name in dir(filterviz_widget)
    with pytest.raises(AttributeError, match="no attribute 'FilterExplorr'"):
        _ = filterviz_widget.FilterExplorr
