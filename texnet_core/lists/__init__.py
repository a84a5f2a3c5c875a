"""Lists of textures or generators to make, as TOML files, and running them."""
