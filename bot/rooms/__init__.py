"""Rooms as code: the files in rooms/, the plan that reaches them, its application."""
