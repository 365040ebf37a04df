"""Buletin Kamtibmas: sources, composition, schedule."""
