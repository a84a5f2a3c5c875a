"""Training of networks that make a generator of a picture at once."""
