"""Which TexNet this is."""

from importlib import metadata


def installed_version() -> str:
    """Of the package on disk, which may be newer than what is loaded; "unknown" where the core was only copied."""
    try:
        return metadata.version("texnet")
    except metadata.PackageNotFoundError:
        return "unknown"


__version__ = installed_version()
