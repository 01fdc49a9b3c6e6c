"""Geometry of plots: bins, ticks, sparklines."""
