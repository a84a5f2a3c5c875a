"""What scripts of the tests of styles share: images from arrays, materials, and what they show."""

SETTING = """
        import numpy as np
        api, contents, history, images = module("api"), module("contents"), module("history"), module("images")
        STYLE = values["style"]
        def drawn(name="wall", height=48, width=64, seed=0, alpha=False, **options):
            image = bpy.data.images.new(name, width, height, alpha=alpha, **options)
            texels = np.random.default_rng(seed).random((height, width, 4), np.float32) * 0.5 + 0.25
            texels[..., 3] = 1
            image.pixels.foreach_set(texels.ravel())
            return image
        def pixels(image):
            found = np.empty(len(image.pixels), np.float32)
            image.pixels.foreach_get(found)
            return found.reshape(image.size[1], image.size[0], image.channels)
        def node_of(material, image):
            tree = material.node_tree
            node = tree.nodes.new("ShaderNodeTexImage")
            node.image = image
            tree.nodes.active = node
            return node
        def material_with(image, name="Painted"):
            material = bpy.data.materials.new(name)
            material.use_nodes = True
            node = node_of(material, image)
            material.node_tree.links.new(node.outputs["Color"],
                                         material.node_tree.nodes["Principled BSDF"].inputs["Base Color"])
            return material, node
        def cube_with(material):
            bpy.ops.mesh.primitive_cube_add()
            cube = bpy.context.object
            cube.data.materials.append(material)
            return cube
        def raised(function, *arguments, **options):
            try:
                function(*arguments, **options)
            except Exception as error:
                return type(error).__name__, str(error)
        def names():
            return sorted(image.name for image in bpy.data.images)
        settings = bpy.context.scene.texnet.stylize
"""
