"""Ngobrol Kamtibmas: from what was said to an incident officers can work with."""
