"""What pages are made of: one HTML file that needs nothing else, pictures inside, no script, no link followed.

Every text that an artifact brings is escaped; a policy in the head forbids all that is not in the file.
"""

import base64
import html
from collections.abc import Iterable, Sequence

from texnet_core.errors import printable
from texnet_core.mapset import FloatArray
from texnet_core.pictures.color import quantize
from texnet_core.pictures.encoders import encode_png

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 1400px; padding: 0 1em; color: #111;
  background: #fff; overflow-wrap: anywhere }
figure { display: inline-block; margin: 0 1em 1em 0; vertical-align: top; max-width: 100% }
figcaption, th { color: #666; font-weight: normal }
img { display: block; max-width: 100%; height: auto }
table { border-collapse: collapse; margin-bottom: 1em }
th, td { text-align: left; vertical-align: top; padding: .2em 1em .2em 0; border-bottom: 1px solid #ddd }
svg { max-width: 100%; border: 1px solid #ddd; overflow: visible }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def document(title: str, parts: Sequence[str]) -> str:
    """The file, with a title from anybody."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width"><title>{text(title)}</title><style>{_STYLE}</style></head>
<body>
{chr(10).join(parts)}
</body></html>
"""


def text(words: object) -> str:
    """Words from anybody."""
    return html.escape(printable(str(words)))


def picture(caption: str, image: FloatArray) -> str:
    """(h, w, 3) in [0, 1] at its own size, with its caption."""
    data = base64.b64encode(encode_png(quantize(image, 8))).decode()
    height, width = image.shape[:2]
    shown = f'<img alt="{text(caption)}" width="{width}" height="{height}" src="data:image/png;base64,{data}">'
    return f"<figure>{shown}<figcaption>{text(caption)}</figcaption></figure>"


def table(head: tuple[str, ...], body: Iterable[tuple[str, ...]]) -> str:
    """Cells from anybody; an empty head is left out."""

    def line(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{text(cell)}</{tag}>" for cell in cells) + "</tr>"

    lines = [line(head, "th")] if any(head) else []
    return "<table>" + "\n".join([*lines, *(line(cells, "td") for cells in body)]) + "</table>"
