import pytest

from tests.handlers.function.fake_queues import FakePipeline, install


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, environment: object) -> FakePipeline:
    """The handler on a pipeline in memory, at that pipeline's time."""
    assert environment
    pipeline = FakePipeline()
    install(pipeline, monkeypatch)
    return pipeline
