"""docs/scale.md is what the simulation computes now, with what was measured last."""

from docs.scale import MEASUREMENTS, files


def test_the_page_is_current() -> None:
    for path, text in files():
        assert path.read_text("utf-8") == text, "run python -m docs.scale"


def test_what_was_measured_found_nothing_wrong() -> None:
    storm, outages = (MEASUREMENTS.joinpath(name).read_text("utf-8") for name in ("storm.txt", "outage.txt"))
    assert storm.count("goal none") == 1
    assert "see below" not in storm + outages
