"""What a generator is: its graph, its noise, its training form, its file."""
