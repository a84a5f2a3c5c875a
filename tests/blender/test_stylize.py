"""Painting images in a style, from operators and from scripts."""


def test_the_active_image_node_shows_the_result_and_the_image_stays(styled):
    (state,) = styled(
        """
        image = drawn()
        material, node = material_with(image)
        cube_with(material)
        before = pixels(image).copy()
        result = bpy.ops.texnet.stylize(style=STYLE, goal="NODE", seed=3)
        made = node.image
        answer({"result": list(result), "name": made.name, "packed": len(made.packed_files), "fake": made.use_fake_user,
                "changed": float(np.abs(pixels(made) - before).max()), "kept": bool((pixels(image) == before).all()),
                "kind": [made.colorspace_settings.name, made.size[:], made.is_float],
                "behind": images.content_of(made) == image, "users": image.users,
                "history": bpy.context.scene.texnet.history_image == made.name, "title": history.title_of(made),
                "seed": history.style_request_of(made).seed})
        """
    )
    assert state["result"] == ["FINISHED"] and state["name"] == "wall Broad Strokes"
    assert state["packed"] == 1 and state["fake"] and state["changed"] > 0.1 and state["kept"]
    assert state["kind"] == ["sRGB", [64, 48], False]
    assert state["behind"] and state["users"] >= 1 and state["history"]
    assert state["title"] == "Broad Strokes · wall · 100%" and state["seed"] == 3


def test_strength_0_is_the_picture_itself_and_a_black_mask_leaves_it(styled):
    (state,) = styled(
        """
        image = drawn()
        mask = bpy.data.images.new("mask", 8, 8)
        left = np.ones((8, 8, 4), np.float32)
        left[:, :4, :3] = 0
        mask.pixels.foreach_set(left.ravel())
        (none,) = api.stylize(image, STYLE, strength=0)
        (half,) = api.stylize(image, STYLE, mask=mask)
        off = np.abs(pixels(half) - pixels(image)).max(axis=(0, 2))
        answer([float(np.abs(pixels(none) - pixels(image)).max()), float(off[:24].max()), float(off[40:].min())])
        """
    )
    assert state[0] == 0 and state[1] == 0 and state[2] > 0.02


def test_all_selected_objects_get_one_look_in_one_step(styled):
    (state,) = styled(
        """
        one, two = drawn("one", seed=1), drawn("two", 32, 32, seed=2)
        dark = pixels(two)
        dark[..., :3] *= 0.3
        two.pixels.foreach_set(dark.ravel())
        bpy.ops.object.select_all(action="SELECT")
        bpy.ops.object.delete()
        (first, node), (second, other) = material_with(one, "First"), material_with(two, "Second")
        nodes = [node, other, node_of(second, one)]  # the last one leads nowhere
        for material in (first, second, first):
            cube_with(material)
        bpy.ops.mesh.primitive_cube_add()  # has no material
        bpy.ops.object.select_all(action="SELECT")
        result = bpy.ops.texnet.stylize(style=STYLE, goal="OBJECTS")
        made = [node.image for node in nodes]
        records = [history.style_request_of(image) for image in made[:2]]
        answer({"result": list(result), "names": [image.name for image in made], "note": module("session").note,
                "one look": records[0].colors == records[1].colors, "count": len(names()),
                "sizes": [image.size[:] for image in made]})
        """
    )
    assert state["result"] == ["FINISHED"] and state["one look"]
    assert state["names"] == ["one Broad Strokes", "two Broad Strokes", "one"]
    assert "no material" in state["note"] and state["sizes"][1] == [32, 32]


def test_base_colors_inside_groups_and_behind_mixes_are_found_and_masks_are_not(styled):
    (state,) = styled(
        """
        from types import SimpleNamespace
        base, inner, mask = drawn("base"), drawn("inner", seed=1), drawn("mask", seed=2)
        material = bpy.data.materials.new("Mixed")
        material.use_nodes = True
        tree = material.node_tree
        mix = tree.nodes.new("ShaderNodeMix")
        mix.data_type = "RGBA"
        group = bpy.data.node_groups.new("Group", "ShaderNodeTree")
        group.interface.new_socket("Color", in_out="OUTPUT", socket_type="NodeSocketColor")
        end, inside = group.nodes.new("NodeGroupOutput"), group.nodes.new("ShaderNodeTexImage")
        inside.image = inner
        group.links.new(inside.outputs["Color"], end.inputs["Color"])
        holder = tree.nodes.new("ShaderNodeGroup")
        holder.node_tree = group
        first, factor = node_of(material, base), node_of(material, mask)
        colors = [socket for socket in mix.inputs if socket.type == "RGBA"]
        tree.links.new(first.outputs["Color"], colors[0])
        tree.links.new(holder.outputs["Color"], colors[1])
        tree.links.new(factor.outputs["Color"], mix.inputs["Factor"])
        output = next(socket for socket in mix.outputs if socket.type == "RGBA")
        tree.links.new(output, tree.nodes["Principled BSDF"].inputs["Base Color"])
        made = api.stylize(cube_with(material), STYLE)
        answer([sorted(image.name for image in made), first.image.name, inside.image.name, factor.image.name])
        """
    )
    painted = "base Broad Strokes", "inner Broad Strokes"
    assert state == [[*painted], *painted, "mask"]


def test_the_rendered_picture_opens_in_the_file_and_its_settings_stay(styled):
    (state,) = styled(
        """
        scene = bpy.context.scene
        early = error_of(bpy.ops.texnet.stylize, style=STYLE, goal="RENDER")
        scene.render.engine = "CYCLES"
        scene.cycles.samples, scene.render.resolution_percentage = 1, 100
        scene.render.resolution_x, scene.render.resolution_y = 32, 24
        scene.render.image_settings.file_format = "JPEG"
        bpy.ops.render.render()
        result = bpy.ops.texnet.stylize(style=STYLE, goal="RENDER")
        made = bpy.data.images["Render Broad Strokes"]
        answer({"early": early, "result": list(result), "size": made.size[:], "deep": made.is_float,
                "format": scene.render.image_settings.file_format, "title": history.title_of(made), "names": names()})
        """
    )
    assert "render" in state["early"].lower()
    assert state["result"] == ["FINISHED"] and state["size"] == [32, 24] and state["format"] == "JPEG"
    assert state["deep"] and state["title"] == "Broad Strokes · Render · 100%"
    assert set(state["names"]) <= {"Render Broad Strokes", "Render Result", "Viewer Node"}


def test_regenerate_takes_the_place_of_what_is_there(styled):
    (state,) = styled(
        """
        image = drawn()
        material, node = material_with(image)
        cube_with(material)
        bpy.ops.texnet.stylize(style=STYLE, goal="NODE", strength=0.6, seed=5, keep_colors=True, wrap="x")
        first = node.image
        wanted = pixels(first).copy()
        first.pixels.foreach_set(np.zeros(len(first.pixels), np.float32))  # painted on
        result = bpy.ops.texnet.regenerate(image=first.name)
        made = node.image
        state = {"result": list(result), "new": made != first, "off": float(np.abs(pixels(made) - wanted).max())}
        record = history.style_request_of(made)
        state["record"] = [record.strength, record.seed, record.wrap, record.keep_colors]
        bpy.ops.texnet.copy_settings(image=made.name)
        state["fields"] = [settings.style_name == STYLE, round(settings.strength, 3), settings.seed, settings.wrap,
                           settings.keep_colors]
        bpy.data.images.remove(image)
        state["gone"] = error_of(bpy.ops.texnet.regenerate, image=made.name)
        bpy.ops.texnet.remove_texture(image=made.name)
        answer(state | {"left": node.image is None})
        """
    )
    assert state["result"] == ["FINISHED"] and state["new"] and state["off"] == 0
    assert state["record"] == [0.6, 5, "x", True] and state["fields"] == [True, 0.6, 5, "x", True]
    assert "has gone" in state["gone"] and state["left"]


def test_settings_can_be_tried_one_after_the_other_on_the_original(styled):
    (state,) = styled(
        """
        image = drawn()
        material, node = material_with(image)
        cube = cube_with(material)
        shown = []
        for strength in (1.0, 0.5):
            bpy.ops.texnet.stylize(style=STYLE, goal="NODE", strength=strength)
            shown.append(node.image)
        (alone,) = api.stylize(image, STYLE, strength=0.5)
        state = [float(np.abs(pixels(node.image) - pixels(alone)).max()), images.content_of(node.image) == image]
        (from_objects,) = api.stylize(cube, STYLE, strength=0.5)
        state.append(images.content_of(from_objects) == image)
        bpy.ops.texnet.stylize(style=STYLE, goal="OBJECTS", from_original=False)
        state += [images.content_of(node.image) == from_objects, history.title_of(node.image)]
        (upon,) = api.stylize(node.image, STYLE)  # an image that is named is painted as it is
        answer([*state, images.content_of(upon) == node.image])
        """
    )
    assert state == [0, True, True, True, "Broad Strokes · wall Broad Strokes.003 · 100%", True]
