"""A process that works for another program: `python -m texnet_core.worker`.

Blender's add-on uses it so that no native library is ever loaded into Blender itself. It speaks JSON, one object a
line, in UTF-8: requests on stdin, answers on stdout. What libraries print goes to stderr. The first line it says is

    {"event": "ready", "protocol": 14, "version": "0.1.0", "python": "3.11.9", "pid": 123}

where the version is TexNet's own, or "unknown" where it is not installed as a package.

A request has an "id", a whole number that is used once, and a "job". To each the worker answers any number of

    {"id": 1, "event": "progress", "stage": "rows", "done": 3, "total": 16}

and then exactly one of

    {"id": 1, "event": "result", ...}
    {"id": 1, "event": "error", "message": "what is wrong; what to do"}
    {"id": 1, "event": "cancelled"}

An error that nobody foresaw has "details" too, the text of its traceback. A line that is no request is answered by an
error without "id". Fields that a job does not know are ignored. Nothing that goes wrong in one job ends the worker.

Previews, of both kinds, have a lane of their own; all other jobs run one at a time, in the order they came.
`{"cancel": 1}` cancels a job that waits or runs, and is ignored where there is none; a job that waits answers at once.
The end of stdin or SIGTERM ends the worker: what runs is cancelled and what waits never begins. SIGINT is ignored,
since Ctrl-C in a terminal is the other program's business.

The jobs follow; fields in brackets may be left out. The defaults and ranges of settings are those of
`texnet_core.settings`.

synthesize: a texture as PNG files. They are written while they are made, so that any size takes little memory.

    {"job": "synthesize", "source": "moss", "folder": "/tmp/x", "name": "moss_7", ["width": 512, "height": 512,
     "seed": 7, "tile": "xy", "scale": 1.0, "covers": 2.0, "depth": 8, "phase": 0.0, "region": [0, 0, 64, 64],
     "period": [512, 512], "udim": [2, 1], "engine": "auto", "device": "auto", "precision": "auto", "threads": 0,
     "exemplar": "/tmp/y/sand.npy", "mask": "/tmp/y/mask.npy", "exemplar_size": 0, "flatten": false,
     "real_width": 1.2, "texture": "slate", "mix": "slate=0.3,chalk=0.7", "mix_to": "clay",
     "mix_mask": "/tmp/y/where.npy", "maps": "albedo,normal", "material": true]}
    result: {"maps": [{"name": "albedo", "files": ["/tmp/x/moss_7_albedo.png"], "channels": 3,
     "colour_space": "sRGB", "role": "color", "normal_convention": "", "depth": 8}], "engine": "onnx",
     "device": "cpu", "precision": "f32", "seconds": 0.2}

    The fields are those of `texnet_core.TextureRequest`. The source is a preset's name, the path of a .texnet file, or
    "instant" or "collage", which make a generator of the exemplar: an array of uint8 or uint16 sRGB, (h, w, 3) or with
    alpha (h, w, 4), first row on top, or a picture that this Python can decode. The mask of an array is one of
    (h, w, 1), white where the exemplar takes part. What the user should know of it comes as notes of progress reports.
    Of a file that holds several textures, "texture" or "mix" says which; with a mask of an array (h, w, 1), or of a
    picture, black shows that and white "mix_to".
    "covers" is in meters of surface that the width shows, of each tile where there are several; 0 where the scale of
    the features alone decides.
    The depth of a map may be more than was asked for: height has 16 bits, because 8 show as steps in displacement.
    "maps" names those that are wanted; the result has them all where nothing is said. With "material" these are also
    those that follow from the look of a generator of colors alone, "derived" in the result.
    "udim" is [columns, rows] of UDIM tiles, each of width x height texels. Then the files of a map are
    NAME_MAP.1001.png and so on, in the order of their numbers. Progress counts the rows of all pictures, stage "rows".
    Each file appears when it is complete.

preview: the upper left corner of the same texture, at once, also while a large one is being made; or all of it.

    {"job": "preview", "source": "moss", "folder": "/tmp/x", ["size": 256, "whole": false, "lit": "sphere", "width",
     "height", ...]}
    result: {"file": "/tmp/x/preview_1.npy", "seconds": 0.03}

    The file holds uint8 (size, size, 3), first row on top: the first map with colors, else the first map, a gray one
    three times. It goes on where the texture is smaller. With "whole" it holds the texture made smaller by means over
    boxes, its longer side of "size" texels at most, which takes as long as the texture itself. With "lit", "sphere" or
    "plane", all maps of the texture are on that shape, under light; what the generator does not make follows from its
    look. Of several previews that wait only the newest is made; the others are answered by "cancelled". There is no
    progress.

sphere: the texture as a lit sphere, for galleries and for previews of assets.

    {"job": "sphere", "source": "moss", "folder": "/tmp/x", ["size": 256, "width", "height", ...]}
    result: {"file": "/tmp/x/preview_1.npy", "seconds": 0.4}

    The file holds uint8 (size, size, 3), first row on top. The texture is one as for "synthesize", whose short side
    goes from pole to pole. Of a generator that makes colors alone, relief, roughness and metal follow from its look.

stylize: pictures as PNG files, painted in a style. They are written while they are made.

    {"job": "stylize", "source": "/x/mosaic.texnet", "folder": "/tmp/x",
     "pictures": [{"content": "/tmp/y/wall.npy", "name": "wall", ["strength_map": "/tmp/y/mask.npy"]}],
     ["one_look": false, "strength": 1.0, "noise": 1.0, "seed": 0, "scale": 1.0, "wrap": "auto", "keep_colors": false,
     "width": 0, "height": 0, "depth": 0, "colors": {"mean": [3 numbers], "covariance": [6 numbers]}, "engine": "auto",
     "device": "auto", "precision": "auto", "threads": 0]}
    result: {"pictures": [{"file": "/tmp/x/wall.png", "request": {...}, "notes": []}], "engine": "onnx",
     "device": "cpu", "precision": "f32", "seconds": 2.5}

    The fields are those of `texnet_core.stylization.StylizeRequest`. A content is an array of uint8 or uint16 sRGB,
    (h, w, 3) or with alpha (h, w, 4), first row on top, or a picture that this Python can decode. A strength map is
    (h, w, 1) of the same size, or such a picture; it multiplies the strength. With "one_look", colors are measured
    over all pictures together, so that all get the same colors. The request of a result says what was left open: wrap,
    colors, width, height and depth; given again, it makes the same. Progress counts pictures, stage "pictures".

preview_style: the middle of the same picture, at once; or all of it.

    {"job": "preview_style", "source": "/x/mosaic.texnet", "folder": "/tmp/x", "content": "/tmp/y/wall.npy",
     ["strength_map", "size": 256, "whole": false, "strength", ...]}
    result: {"file": "/tmp/x/preview_1.npy", "request": {...}, "seconds": 0.1}

    The file holds uint8 (h, w, 3), at most "size" a side. With "whole" it holds all of the result, made smaller.
    Whoever gives "colors" and "wrap" back spares the worker to measure them again.

probe: what this Python can do, found out by making a small texture.

    {"job": "probe"}
    result: {"python": "3.11.9", "version": "0.1.0", "torch": "2.13.0" or null, "engine": "torch", "device": "cuda",
     "devices": ["cuda:0", "cpu"], "device_name": "NVIDIA H200", "can_train": true, "seconds": 3.1}

    The engine is torch wherever it can be imported.

adapt: what a source makes of an exemplar at once, as a generator in a file.

    {"job": "adapt", "source": "instant", "exemplar": "/tmp/y/sand.npy", "output": "/x/sand.texnet", "name": "Sand",
     ["mask", "exemplar_size", "flatten", "real_width", "author", "license"]}
    progress: {"stage": "adapting", "done": 1, "total": 2, ["note": "..."]}
    result: {"output": "/x/sand.texnet", "seconds": 0.4}

    Pictures are as for "synthesize". A collage holds the picture itself, and its textures are pieces of it.

train: a generator from a picture, or from a material: a folder or a .zip whose files say by their names which map they
are.

    {"job": "train", "exemplar": "/x/wall.jpg", "output": "/x/wall.texnet", "name": "Wall", "resume": false,
     "folder": "/tmp/x", "online": false, ["replace": true, "maps": "albedo,normal", "derive": false,
     "mask": "/x/mask.png", "steps": 400 or "minutes": 20, "size", "seed", "device",
     "vgg19", "vgg19_input", "flatten", "exemplar_size", "detail": "auto", "generator_size": "small",
     "author", "license", "source", "real_width": 1.2, "quality": "quick", "start": "auto", and any other setting of a
     generator or its training]}
    progress: {"stage": "training", "done": 3, "total": 400, "loss": 1.5 or null, ["step": 3, "note": "...",
     "preview": "/tmp/x/sample_20.npy"]}
    result: {"output": "/x/wall.texnet", "loss": 0.8, "steps": 400, "seconds": 420.0, "shortfall": "",
     "resumable": false}
    cancelled: {"resumable": true}

    Of a material, "maps" may name those that are learned, "albedo,normal"; all are where nothing is said. What is taken
    for what comes as notes.
    Of a picture alone, "derive" guesses the other maps, which are learned too.
    The mask is a picture of the exemplar's size, white where the exemplar takes part. Texels whose alpha is below one
    half take no part in any case.

    The generator's size is one of `GENERATOR_SIZES`; "levels" and "channels", where given, replace its own. So do
    steps, minutes and start those of a quality, one of `QUALITIES`. A start is "auto", "instant", "cold", the name of a
    preset or the path of a generator. The stage is "preparing" before the first step. Done and total are steps, those
    of levels of detail included, or seconds where the budget is in minutes. A note is a sentence worth showing, on the
    exemplar for one. A preview is uint8 (h, w, 3); the last two are kept. The loss of the result is the validation
    loss, and its steps are those of all sittings. A run in minutes that was far too short says so under "shortfall",
    "stopped after 3 of 400 steps", and can go on with another budget. A run that is cancelled after it began says
    whether a checkpoint lies beside the output, so that the same request with "resume": true goes on; it is refused
    where there is an output without one. With "replace", a job begins anew where there is a checkpoint, which stays
    until the new run saves its own; without it, it is refused. Without "online", nothing is downloaded.

train_style: a style from a picture.

    {"job": "train_style", "exemplar": "/x/painting.jpg", "output": "/x/painting.texnet", "name": "Painting",
     "resume": false, "folder": "/tmp/x", "online": false, ["replace", "content": "/x/photographs", "mask", "steps" or
     "minutes", and any other setting of a style or its training]}

    All else is as for "train". The content is a folder of pictures to paint in training; without it they are drawn.

describe: what a .texnet file says about itself.

    {"job": "describe", "source": "/x/wall.texnet"}
    result: {"name": "wall", "style": false, "textures": [], "maps": [{"name": "albedo", "channels": 3,
     "colour_space": "sRGB", "role": "color", "depth": 8, "normal_convention": ""}],
     "texels_per_exemplar": 256, "size_m": null, "texels_per_meter": 256.0,
     "look": {"bump", "roughness_dark", "roughness_bright", "metallic", "dark", "bright"} or null,
     "provenance": {"exemplar", "author", "licence", "source", "exemplar_sha256", "command"}, "training": {...},
     "quality": {...}}

    A style paints pictures anew and makes no textures. "textures" has the names of those that a file of several holds.
    "size_m" is what the exemplar's short side shows, in meters;
    where nobody said it, it is taken as 1.
"""
