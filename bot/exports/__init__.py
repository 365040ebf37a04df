"""The log for other people's programs and for paper: CSV, GeoJSON, CAP, a daily report. Pure: entries in, bytes out."""
