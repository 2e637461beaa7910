"""The daemon: one for each home. `wiring.py` builds every object once and is the real diagram."""
