"""Chat Pak Polisi: flows and a citizen's words in, a decision with its reasons out. Pure."""
