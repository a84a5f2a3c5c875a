"""What is drawn: the panel "TexNet", a module for each of its sections."""

from . import editors

register, unregister = editors.register, editors.unregister
