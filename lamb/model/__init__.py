"""The nouns of lamb: frozen values and pure functions, no input or output."""
