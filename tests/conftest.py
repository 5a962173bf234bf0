"""Own models and protocols that the tests load as a user would, by path."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def own_model():
    """Return the path of a test model by name."""
    return lambda name: str(HERE / "models" / f"{name}.yaml")


@pytest.fixture(scope="session")
def own_protocol():
    """Return the path of a test protocol by name."""
    return lambda name: str(HERE / "protocols" / f"{name}.yaml")
