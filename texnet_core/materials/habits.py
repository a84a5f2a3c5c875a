"""What the names of files say: which map a file holds, and how.

The habits are those of ambientCG, Poly Haven, FreePBR, Quixel Megascans, Poliigon, Unity, Unreal Engine, glTF, the
exports of Substance and Blender's Node Wrangler: NAME_WORDS_RESOLUTION.SUFFIX in many spellings.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from pathlib import PurePosixPath
from typing import Literal

from texnet_core.mapset import NormalConvention

_COLORS = "RGB"


@dataclass(frozen=True)
class Part:
    """Where in a file a map is.

    Attributes:
        map: its name.
        channels: "RGB", one of them or "A"; "" where the whole file is one number a texel, in however many channels.
        inverted: whether the file has one minus it, as gloss is of roughness.
        convention: which way green of a normal map points, where the name says it.
    """

    map: str
    channels: str = ""
    inverted: bool = False
    convention: NormalConvention | Literal[""] = ""


@dataclass(frozen=True)
class NameReading:
    """What the name of a file may say.

    Attributes:
        parts: maps in the file; none where it shows something that is no map here, such as a preview.
        set_name: what is left of the name, lower case: equal for all files of a material.
        rank: of files for the same map the least is the best.
        variant: what tells files of one map apart that show different things, such as "2" in color2.
        is_weak: whether the words are also said of surfaces, so that another file has to bear them out.
        is_letter: whether they are one letter, which may as well number photos.
    """

    parts: tuple[Part, ...]
    set_name: str
    rank: int = 0
    variant: str = ""
    is_weak: bool = False
    is_letter: bool = False

    @property
    def maps(self) -> list[str]:
        return [part.map for part in self.parts]


@dataclass(frozen=True)
class _Meaning:
    parts: tuple[Part, ...]
    rank: int = 0
    is_weak: bool = field(default=False, compare=False)


_PACKED = 50  # rank of maps that share a file: one that has a file of its own may be better there
_RANKS = {"opengl": -20, "directx": 20}  # of normals that say it; those that need no change first

# Words without spaces -> map; the better ones first. "!" marks those that are also said of surfaces.
_SINGLE = {
    "albedo": "albedo alb basecolor basecolour albedotransparency basecoloropacity basecol base! bc! color! colour! "
    "col! d! b! diffuse diff diffusecolor",
    "normal": "normal! normals nor nrm nrml norm normalmap n!",
    "roughness": "roughness rough! rgh roughnessmap r!",
    "metallic": "metallic metalness metal! met mtl m! metallicmap",
    "height": "height heightmap displacement displace disp dsp ht! h! parallax depth! bump bumpmap bmp",
    "ao": "ao ambientocclusion occlusion occ ambient! mixedao aomap",
    "opacity": "opacity alpha! alphamasked opacitymap opacitymask",
    "emission": "emission emissive emit emissivecolor emissioncolor e! glow!",
}
_GLOSS = "gloss glossiness glossy! smoothness smooth!"
_CONVENTIONS: dict[str, NormalConvention] = {
    "gl": "opengl",
    "ogl": "opengl",
    "opengl": "opengl",
    "dx": "directx",
    "directx": "directx",
}
# Words that make up one for a file of three maps, in the order of its channels.
_THREE = {"ao": "ambientocclusion occlusion ao", "roughness": "roughness rough", "metallic": "metallic metalness metal"}
# Other maps in one file, by its channels; "-" is gloss.
_SHARED = {
    "orm!": "ao=R roughness=G metallic=B",
    "arm!": "ao=R roughness=G metallic=B",
    "aorm!": "ao=R roughness=G metallic=B",
    "rma!": "roughness=R metallic=G ao=B",
    "rmo!": "roughness=R metallic=G ao=B",
    "rmao!": "roughness=R metallic=G ao=B",
    "mra!": "metallic=R roughness=G ao=B",
    "mro!": "metallic=R roughness=G ao=B",
    "mrao!": "metallic=R roughness=G ao=B",
    "ordp": "ao=R roughness=G height=B",
    "ord!": "ao=R roughness=G height=B",
    "orh!": "ao=R roughness=G height=B",
    "metallicroughness": "roughness=G metallic=B",
    "metalnessroughness": "roughness=G metallic=B",
    "metalrough!": "roughness=G metallic=B",
    "specularglossiness": "-roughness=A",
    "specularsmoothness": "-roughness=A",
    "metallicsmoothness": "metallic=R -roughness=A",
    "maskmap": "metallic=R ao=G -roughness=A",
    "albht": "albedo=RGB height=A",
    "albedoheight": "albedo=RGB height=A",
    "nrmrgh": "normal=RGB roughness=A",
    "normalroughness!": "normal=RGB roughness=A",
}
_NO_MAPS = """
    specular spec specularlevel speccolor reflection reflectivity refl reflect cavity fuzz translucency transmission
    transparency thickness curvature idmap id materialid mask position worldspacenormal worldspacenormals
    normalworldspace bentnormal bentnormals normalbent anisotropy anisotropylevel clearcoat coat sheen subsurface sss
    scattering scatter ior edge edges detail preview thumb thumbnail thumbs render sphere cube plane cover
"""
_LAYERS = ("clearcoat", "coat", "sheen", "subsurface", "anisotropy")  # of a shader, with maps of their own
_OF_A_LAYER = ("roughness", "rough", "gloss", "glossiness", "normal", "color", "weight", "mask")
_RESOLUTION = re.compile(
    r"(?<![a-z0-9])(?:\d{1,2}k|(?:\d{3,5}x\d{3,5}|256|512|1024|2048|4096|8192|16384)(?:px)?)(?![a-z0-9])", re.IGNORECASE
)
_SMALL = r"[^\W\d_A-Z]"  # letters but for capitals of ASCII; where no script has capitals, all count as small
_TOKENS = re.compile(rf"[A-Z]+(?!{_SMALL})|[A-Z]?{_SMALL}+|\d+")
_FORMATS = {"jpg", "jpeg", "png", "tif", "tiff", "exr", "webp", "tga"}
_NOISE = re.compile(r"(?<![a-z])(?:lod\d+|srgb|acescg|aces)(?![a-z])|(?<!\d)(?:8|16|32)-?bit", re.IGNORECASE)
_DEPTHS = {"8", "16", "32"}
_AFTERWARDS = {"var", "variation", "v", "map", "tex", "texture", "image", "s", "rgb", "raw", "linear", "utility"}
_MOST_WORDS = 4


def readings_of(name: str) -> tuple[NameReading, ...]:
    """All that the name of a file may say, those of most words first; none where it names no map.

    `rusty_metal_rough.jpg` has metal and roughness of something rusty, or the roughness of rusty metal.

    Args:
        name: with its suffix, without folders.
    """
    tokens = _tokens(name)
    for end in range(len(tokens), 0, -1):
        if found := tuple(_readings_up_to(tokens, end)):
            return found
        if not _is_variant(tokens[end - 1 :]):
            break
    return tuple(_read_beginning(tokens))


def read_name(name: str) -> NameReading | None:
    """What the name of a file says before others are looked at; None where it names no map."""
    return next(iter(readings_of(name)), None)


def set_name_of(name: str) -> str:
    """All of a name that tells sets apart: what `NameReading.set_name` is for a name without words of a map."""
    return " ".join(_tokens(name))


def _readings_up_to(tokens: list[str], end: int) -> Iterator[NameReading]:
    """Those whose last word stands before `end`."""
    variant = "".join(tokens[end:])
    for start in range(max(0, end - _MOST_WORDS), end):
        word = "".join(tokens[start:end])
        if (meaning := _MEANINGS.get(word)) is not None:
            set_name, is_letter = " ".join(tokens[:start]), len(word) == 1
            yield NameReading(meaning.parts, set_name, meaning.rank, variant, meaning.is_weak, is_letter)


def _read_beginning(tokens: list[str]) -> Iterator[NameReading]:
    """Names such as albedo_wall.png, which say it first; others have to bear that out."""
    for end in range(min(_MOST_WORDS, len(tokens)), 0, -1):
        meaning = _MEANINGS.get("".join(tokens[:end]))
        if meaning is not None and len(tokens[0]) > 1:
            yield NameReading(meaning.parts, " ".join(tokens[end:]), meaning.rank, is_weak=True)


def _tokens(name: str) -> list[str]:
    """The words and numbers of a name in lower case, without those that say how it is stored."""
    stem = unicodedata.normalize("NFC", PurePosixPath(name).stem)
    spelled = _NOISE.sub(" ", _RESOLUTION.sub(" ", stem))
    tokens = [token.lower() for token in _TOKENS.findall(spelled)]
    return _without_depth([token for token in tokens if token not in _FORMATS])


def _without_depth(tokens: list[str]) -> list[str]:
    """NRM16 and NRM are one map, of more bits and of fewer."""
    if len(tokens) > 1 and tokens[-1] in _DEPTHS and "".join(tokens[-2:-1]) in _MEANINGS:
        return tokens[:-1]
    return tokens


def _is_variant(tokens: list[str]) -> bool:
    return all(token.isdigit() or token in _AFTERWARDS for token in tokens)


def _spelled(words: str) -> Iterable[tuple[str, bool]]:
    return ((word.rstrip("!"), word.endswith("!")) for word in words.split())


def _shared_parts(text: str) -> tuple[Part, ...]:
    pairs = (item.split("=") for item in text.split())
    return tuple(Part(name.lstrip("-"), channels, name.startswith("-")) for name, channels in pairs)


def _meanings() -> dict[str, _Meaning]:
    known: dict[str, _Meaning] = {}
    for name, words in _SINGLE.items():
        part = Part(name, _COLORS if name in ("albedo", "normal", "emission") else "")
        for rank, (word, is_weak) in enumerate(_spelled(words)):
            known[word] = _Meaning((part,), rank, is_weak)
            for ending, convention in _CONVENTIONS.items() if name == "normal" else ():
                marked = replace(part, convention=convention)
                known[word + ending] = _Meaning((marked,), rank + _RANKS[convention])
    for rank, (word, is_weak) in enumerate(_spelled(_GLOSS), 5):
        known[word] = _Meaning((Part("roughness", inverted=True),), rank, is_weak)
    for order in permutations(_THREE):
        shared = _Meaning(tuple(map(Part, order, _COLORS)), _PACKED)
        known |= {"".join(words): shared for words in product(*(_THREE[name].split() for name in order))}
    for word, parts in _SHARED.items():
        known[word.rstrip("!")] = _Meaning(_shared_parts(parts), _PACKED, word.endswith("!"))
    no_maps = (*_NO_MAPS.split(), *map("".join, product(_LAYERS, _OF_A_LAYER)))
    return known | {word: _Meaning((), is_weak=True) for word in no_maps}


_MEANINGS = _meanings()
