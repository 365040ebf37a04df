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


def test_a_port_that_somebody_takes_meanwhile_is_left_to_them(homeserver, tmp_path: Path) -> None:
    second = EmbeddedHomeserver(tmp_path)
    second.port = homeserver.synapse.port

    with second:
        assert second.port != homeserver.synapse.port
        assert second.request("GET", "/_matrix/client/versions")["versions"]
