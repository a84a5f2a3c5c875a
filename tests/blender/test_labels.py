"""What artists read: every label and tooltip is there, in Blender's style, and says something of its own."""

import re
from collections import Counter

import pytest

# Of the panel and of operators: other identifiers for the same thing, and the same identifiers for other things.
SAME = {"name": "generator_name", "size": "train_size", "generator_size": "generator"}
OTHER = ("source", "exemplar", "mask")  # a name or a file for scripts; a list in the panel

SMALL_WORDS = {"a", "an", "and", "as", "for", "from", "in", "of", "on", "or", "the", "to", "with"}


@pytest.fixture(scope="module")
def described(blender):
    """Each class with its label, its tooltip, and its properties."""
    (found,) = blender(
        """
        def properties(kind):
            own = [prop for prop in kind.properties if prop.identifier not in ("rna_type", "name", "bl_idname")
                   or kind.identifier.endswith("_train") and prop.identifier == "name"]
            return {prop.identifier: [prop.name, prop.description, prop.is_hidden, items(prop)] for prop in own}
        def items(prop):
            return [[item.name, item.description] for item in prop.enum_items] if prop.type == "ENUM" else []
        operators = [getattr(bpy.ops.texnet, name).get_rna_type() for name in dir(bpy.ops.texnet)]
        groups = [type(bpy.context.scene.texnet).bl_rna, type(module("preferences").preferences()).bl_rna]
        answer({kind.identifier: {"label": kind.name, "tooltip": kind.description, "properties": properties(kind)}
                for kind in (*operators, *groups)})
        """
    )
    return found


def operators_of(described):
    return {name: kind for name, kind in described.items() if "_OT_" in name}


def labels_and_tooltips(described):
    """(where, label, tooltip) of everything that has both."""
    for name, kind in operators_of(described).items():
        yield name, kind["label"], kind["tooltip"]
    for name, kind in described.items():
        for identifier, (label, tooltip, _, items) in kind["properties"].items():
            yield f"{name}.{identifier}", label, tooltip
            yield from ((f"{name}.{identifier}", *item) for item in items)


def is_title_case(label):
    words = label.split()
    return words[0][0] not in SMALL_WORDS and all(
        word in SMALL_WORDS or not word[0].isalpha() or word[0].isupper() for word in words
    )


def test_all_classes_are_found(described):
    assert len(operators_of(described)) >= 18 and len(described) == len(operators_of(described)) + 2
    assert all(kind["properties"] for name, kind in described.items() if "_OT_" not in name)


def test_every_label_is_in_title_case_and_every_tooltip_is_a_clause(described):
    for where, label, tooltip in labels_and_tooltips(described):
        assert label and is_title_case(label), (where, label)
        assert tooltip and re.match("[A-Z0-9]", tooltip) and not tooltip.endswith("."), (where, tooltip)
        assert tooltip != label and "  " not in tooltip, (where, tooltip)


def test_no_label_and_no_tooltip_repeats_where_both_are_seen(described):
    kinds = operators_of(described).values()
    groups = [[kind["label"] for kind in kinds], [kind["tooltip"] for kind in kinds]]
    for kind in described.values():
        shown = [entry for entry in kind["properties"].values() if not entry[2]]
        groups += [[entry[0] for entry in shown], [entry[1] for entry in shown]]
        groups += [[item[part] for item in entry[3]] for entry in shown for part in (0, 1)]
    for texts in groups:
        assert not [text for text, count in Counter(texts).items() if count > 1]


def test_menus_of_the_editors_have_an_entry_and_lose_it_with_the_add_on(blender):
    """What is in a menu is found by F3."""
    (state,) = blender(
        """
        menus, name = module("panels.menus"), "bl_ext.user_default.texnet"
        def entries():
            functions = [getattr(bpy.types, menu).draw._draw_funcs for menu in menus._MENUS]
            return [sum(getattr(one, "__module__", "").startswith(name) for one in known) for known in functions]
        with_it = entries()
        bpy.ops.preferences.addon_disable(module=name)
        without = entries()
        bpy.ops.preferences.addon_enable(module=name)
        panels = [kind for kind in dir(bpy.types) if kind.startswith("TEXNET_PT_")]
        answer([with_it, without, panels])
        """
    )
    assert state[0] == [1, 1, 1] and state[1] == [0, 0, 0]
    assert {"TEXNET_PT_view3d", "TEXNET_PT_shader_editor", "TEXNET_PT_image_editor"} <= set(state[2])


def test_a_texture_can_be_made_from_the_menu_with_the_settings_of_the_panel(blender, artifact_file):
    (state,) = blender(
        """
        settings = bpy.context.scene.texnet
        settings.source_name, settings.side, settings.seed = values["source"], "512", 4
        result = bpy.ops.texnet.seamless_texture()
        answer([list(result), textures(), bpy.context.view_layer.objects.active.active_material.name])
        """,
        source=str(artifact_file),
    )
    assert state == [["FINISHED"], ["random_albedo_4"], "Random"]


def test_no_label_of_the_panel_is_only_size(described):
    """Which of the sizes is meant must be seen."""
    assert "Size" not in [entry[0] for entry in described["TexnetSceneSettings"]["properties"].values()]


def test_the_panel_and_the_operators_call_the_same_thing_the_same(described):
    panel = described["TexnetSceneSettings"]["properties"]
    for name in ("TEXNET_OT_generate", "TEXNET_OT_batch", "TEXNET_OT_train"):
        properties = described[name]["properties"]
        known = {identifier: SAME.get(identifier, identifier) for identifier in properties if identifier not in OTHER}
        shared = {identifier: panel[shown] for identifier, shown in known.items() if shown in panel}
        assert len(shared) > 4
        for identifier, (label, tooltip, _, items) in shared.items():
            assert [label, tooltip, items] == [properties[identifier][part] for part in (0, 1, 3)], (name, identifier)
