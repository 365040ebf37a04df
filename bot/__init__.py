"""Kentongan: one Matrix bot with three voices for an Indonesian police district."""
