"""The nouns of lamb: frozen dataclasses and pure functions, no input or output."""
