"""Sources from outside the house: BMKG's forecasts, quakes and warnings, and any agency's CAP 1.2 alerts."""
