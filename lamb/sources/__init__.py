"""Event sources: what is known of them. Reading them and invoking functions with their records comes here."""
