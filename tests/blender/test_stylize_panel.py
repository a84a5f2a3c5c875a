"""The section Stylize: its galleries, its preview, and what the file looks like after a failure."""

from tests.blender.test_draw import DRAW
from tests.blender.test_rollback import AFTER, FILE


def test_styles_and_textures_are_never_in_each_others_gallery(styled, artifact_file, style_file):
    (state,) = styled(
        DRAW
        + """
        library = module("library")
        for path in (values["style"], values["texture"]):
            bpy.ops.texnet.import_generator(filepath=path)
        scene = bpy.context.scene.texnet
        chosen = [os.path.basename(scene.source_name), os.path.basename(scene.stylize.style_name)]
        titles = [[source.title for source in known] for known in (library.list_sources(), library.list_own_styles())]
        items = [[item[1] for item in module("properties").source_items(scene, None)],
                 [item[1] for item in module("style_properties").style_items(scene.stylize, None)]]
        draw()
        as_texture = error_of(bpy.ops.texnet.generate, source=values["style"], width=64, height=64)
        as_style = error_of(bpy.ops.texnet.stylize, style=values["texture"], goal="NODE")
        refused = [raised(api.texture, STYLE, size=64), raised(api.stylize, drawn(), values["texture"]),
                   raised(api.texture, "starry-night", size=64), raised(api.stylize, drawn(), "moss")]
        bpy.ops.texnet.remove_generator(source=scene.stylize.style_name)
        answer({"chosen": chosen, "titles": titles, "items": items, "refused": refused, "said": [as_texture, as_style],
                "left": [source.title for source in library.list_own_styles()], "now": scene.stylize.style_name,
                "texture": os.path.basename(scene.source_name)})
        """,
        texture=str(artifact_file),
    )
    assert state["chosen"] == ["random.texnet", "broad_strokes.texnet"] and state["texture"] == "random.texnet"
    textures, styles = state["titles"]
    assert "Random" in textures and "Broad Strokes" not in textures
    assert "Broad Strokes" in styles and "Random" not in styles and not set(textures) & set(styles) - {"Moss", "Rust"}
    assert state["items"] == state["titles"] and "Broad Strokes" not in state["left"]
    assert state["now"] != "broad_strokes.texnet"
    said = [*state["said"], *(said for _, said in state["refused"])]
    assert all(text and "\n" not in text for text in said)
    assert not any("texnet synth" in text or "texnet stylize" in text for text in said)  # which Blender does not have


def test_whatever_is_chosen_is_drawn(styled):
    """Every target, with and without something to paint, and names of any kind."""
    styled(
        DRAW
        + """
        fields = bpy.context.scene.texnet.stylize
        draw()
        fields.style_name = STYLE
        for name in (STYLE, "", "nosuch", "/", "//x.texnet", "$NOPE/x.texnet", "\\n", "x" * 900 + ".texnet"):
            fields.style_name = name
            for goal in ("NODE", "EDITOR", "OBJECTS", "RENDER"):
                fields.goal = goal
                draw()
        fields.style_name = STYLE
        image = drawn()
        material, node = material_with(image)
        cube_with(material)
        fields.mask = drawn("mask")
        for goal in ("NODE", "OBJECTS"):
            fields.goal = goal
            draw()
            bpy.ops.texnet.stylize(**fields.options())
            draw()
        made = node.image
        records = {"source": 3}, {"source": "x", "strength": "much"}, {"source": "x", "colors": {"mean": [1]}}, {}
        for broken in records:
            made["texnet_style"] = broken
            draw()
        made["texnet_style"] = "nothing"
        draw()
        bpy.data.images.remove(image)
        draw()
        """
    )


def test_the_live_preview_is_the_middle_of_the_result(styled):
    (state,) = styled(
        """
        preview, subjects, request = module("style_preview"), module("subjects"), module("request")
        image = drawn(height=300, width=400)
        shown = []
        follower = preview.StyleFollower()
        follower._show = lambda pixels, step: shown.append((step.caption, pixels))
        found = subjects.Found((subjects.Subject(image.session_uid),))
        wanted = request.StylizeRequest(source=STYLE, seed=4, wrap="none")
        asked = [follower.want(wanted, found), follower.want(wanted, found)]
        wait_for(lambda: follower.tick() is None)
        (made,) = api.stylize(image, STYLE, seed=4, wrap="none")
        levels = np.rint(pixels(made)[::-1, :, :3] * 255)
        off = np.abs(levels[22:278, 72:328] - shown[-1][1])
        follower.want(wanted, found, whole=True)
        wait_for(lambda: follower.tick() is None)
        captions = [caption for caption, _ in shown]
        changed = pixels(image) * 0.2
        image.pixels.foreach_set(changed.ravel())
        follower.forget()
        again = follower.want(wanted, found)
        wait_for(lambda: follower.tick() is None)
        answer({"asked": asked, "off": [float(off.max()), float(off.mean())], "captions": captions,
                "shape": list(shown[2][1].shape), "again": again,
                "changed": float(np.abs(shown[-1][1].astype(float) - shown[0][1]).max())})
        follower.remove()
        """
    )
    assert state["asked"] == [True, False] and state["again"] and state["changed"] > 0
    assert state["off"][1] < 1 and state["off"][0] <= 12  # the preview measures colors on samples
    assert state["captions"] == ["Middle of the Picture", "Middle of the Picture", "All of the Picture"]
    assert state["shape"] == [192, 256, 3]


def test_a_failure_at_any_step_leaves_the_file_as_it_was(styled):
    (found,) = styled(
        FILE
        + AFTER
        + """
        one, two = drawn("one"), drawn("two", seed=1)
        (first, upper), (second, lower) = material_with(one, "First"), material_with(two, "Second")
        cubes = [cube_with(first), cube_with(second)]
        stylizing, subjects, client = module("stylizing"), module("subjects"), module("worker_client")
        steps = [(contents, "read", 0), (contents, "read", 1), (contents, "made_image", 0), (contents, "made_image", 1),
                 (images, "set_style_record", 1), (stylizing, "_show", 0), (subjects.Spot, "find", 1)]
        for cube in cubes:
            cube.select_set(True)
        found = []
        for owner, name, count in steps:
            before, function = the_file(), getattr(owner, name)
            setattr(owner, name, after(count, function))
            try:
                message = error_of(bpy.ops.texnet.stylize, style=STYLE, goal="OBJECTS")
            finally:
                setattr(owner, name, function)
            shows = upper.image == one and lower.image == two
            found.append([name, message, shows, difference(before, the_file()), len(module("session").tasks)])
        answer(found)
        """
    )
    for name, message, shows, left, tasks in found:
        assert "injected" in message and shows and left == [] and tasks == 0, (name, message, left)


def test_a_cancelled_one_changes_nothing_be_it_while_images_are_read_or_painted(styled):
    (state,) = styled(
        """
        stylizing, subjects, request = module("stylizing"), module("subjects"), module("request")
        images_ = [drawn("one", 1024, 1024), drawn("two", 1024, 1024)]
        found = subjects.Found(tuple(subjects.Subject(image.session_uid) for image in images_))
        before, state = names(), []
        for polls in (0, 1, 3):
            task = stylizing.PaintingTask(stylizing.Painting(request.StylizeRequest(source=STYLE), found))
            folder = task._folder.name
            for _ in range(polls):
                task.poll()
            task.cancel()
            task.wait()
            state.append(task.job.result)
            module("session").end(task)
            state.append(os.path.exists(folder))
        answer([state, names() == before])
        """
    )
    assert state == [[None, False] * 3, True]


def test_textures_keep_their_size_and_their_place_when_they_are_painted(styled):
    """What TexNet knows of a texture holds for its picture: Generate replaces it, Apply Size scales it."""
    (state,) = styled(
        """
        bpy.ops.texnet.generate(source="moss", width=256, height=256, covers=2.0, destination="NEW_MATERIAL")
        material = bpy.context.object.active_material
        node = material.node_tree.nodes.active
        texture = node.image
        bpy.ops.texnet.stylize(style=STYLE, goal="OBJECTS")
        made = node.image
        scale = list(module("nodes").mapping_scales(material)[0].default_value)
        sized = api.apply_size([bpy.context.object], 1.0)
        after = list(module("nodes").mapping_scales(material)[0].default_value)
        entries = sorted(image.name for image in bpy.data.images if history.is_entry(image))
        bpy.ops.texnet.generate(source="bricks", width=256, height=256, destination="ACTIVE_MATERIAL")
        nodes_ = [one.image.name for one in material.node_tree.nodes if one.type == "TEX_IMAGE"]
        again = api.texture("moss", size=256, covers=2.0)["albedo"]
        state = {"entries": entries, "sized": len(sized.objects), "scales": [scale[0], after[0]], "nodes": nodes_,
                 "again": again == texture}
        api.remove_unused()
        answer(state | {"left": names()})
        """
    )
    assert state["entries"] == ["moss_albedo_0", "moss_albedo_0 Broad Strokes"]
    assert state["sized"] == 1 and abs(state["scales"][1] / state["scales"][0] - 2) < 1e-4
    assert state["nodes"] == ["bricks_albedo_0"] and state["again"]
    assert set(state["left"]) - {"Render Result", "Viewer Node"} == {"bricks_albedo_0"}


def test_color_spaces_are_found_under_the_names_of_other_configurations(blender):
    (found,) = blender(
        """
        images = module("images")
        class Settings:
            def __init__(self, *names):
                object.__setattr__(self, "names", names)
                object.__setattr__(self, "chosen", "as it was")
            def __setattr__(self, _, name):
                if name not in self.names:
                    raise TypeError(f'enum "{name}" not found in {self.names}')
                object.__setattr__(self, "chosen", name)
        found = []
        for names in (("sRGB", "Linear Rec.709"), ("sRGB - Texture", "Linear Rec.709 (sRGB)"), ("Raw",)):
            for wanted in ("sRGB", "Linear Rec.709"):
                settings = Settings(*names)
                images._set_color_space(settings, wanted)
                found.append(settings.chosen)
        answer(found)
        """
    )
    assert found == ["sRGB", "Linear Rec.709", "sRGB - Texture", "Linear Rec.709 (sRGB)", "as it was", "as it was"]
