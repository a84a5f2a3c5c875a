"""From a generator and a request to textures, in memory or in files."""
