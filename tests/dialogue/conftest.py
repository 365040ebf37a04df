import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bot.dialogue.engine import Engine
from bot.dialogue.loader import load_flows

SHIPPED = Path(__file__).parents[2] / "flows"


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The shipped flows."""
    return Engine(load_flows(SHIPPED))


@pytest.fixture(scope="session")
def devset() -> ModuleType:
    """devset.py beside this file; pytest's importlib mode puts no folder on the path."""
    spec = importlib.util.spec_from_file_location("devset", Path(__file__).with_name("devset.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
