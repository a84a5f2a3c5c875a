"""Sources that make a generator of a picture at once, and how they are opened. No torch here."""
