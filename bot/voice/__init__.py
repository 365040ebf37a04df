"""From a voice note's bytes to words: decoding and speech recognition in worker processes."""
