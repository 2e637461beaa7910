"""What runs beside the function, inside its sandbox: imports nothing of lamb."""
