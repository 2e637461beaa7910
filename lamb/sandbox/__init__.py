"""The walls around a function. `contain.py` holds their order: read it first.

This package also runs inside zygotes, on every supported interpreter from 3.10 on and without
lamb's dependencies: it imports the standard library and itself only.
"""
