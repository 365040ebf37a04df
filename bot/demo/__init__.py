"""An embedded homeserver and a played scene, for the demo and the tests against real servers."""
