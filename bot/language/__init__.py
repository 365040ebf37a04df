"""Indonesian chat text: normalise, correct, stem. Pure; used by dialogue and incidents."""
