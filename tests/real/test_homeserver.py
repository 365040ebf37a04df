"""The embedded homeserver."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.demo.homeserver import EmbeddedHomeserver, HomeserverError

pytestmark = pytest.mark.real


def test_another_homeserver_on_the_port_is_not_taken_for_its_own(homeserver, tmp_path: Path) -> None:
    second = EmbeddedHomeserver(tmp_path, port=homeserver.synapse.port)

    with pytest.raises(HomeserverError, match="did not come up"):
        second.start()
