"""Keeping order in the channels: what officers may order, and what protections see. Pure."""
