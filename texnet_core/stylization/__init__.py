"""Pictures in a style: g(y, z) of Texture Networks, seamless where the picture is, and in blocks like all else."""
