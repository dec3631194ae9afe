"""Measurements of speed and cost, each a command with its figure in `README.md`. Nothing here is imported by mdfsync."""
