"""The public names of the package, read from the sources; standard library only."""

import ast
from pathlib import Path

PACKAGE = 'mmvideomae'
# Rooms and modules without a list of exports: every name without an underscore is public.
OPEN = ('ops', 'masking', 'formats', 'configs', 'errors', 'registry')


def public_names(root: Path) -> dict[str, dict[str, list[str]]]:
    """Room (``models.heads``) -> module to import from -> full names of definitions.

    Public are the names that a package exports (``__all__``), every registered class, the classes
    from which those derive, and all that the rooms in ``OPEN`` define.
    """
    files = (root / PACKAGE).rglob('*.py')
    trees = {_module(path, root): ast.parse(path.read_text(encoding='utf-8')) for path in files}
    origins = {module: _imports(tree) for module, tree in trees.items()}
    importable: dict[str, str] = {}  # the definition -> where to import it
    for module in sorted(trees, key=lambda name: (name.count('.'), name)):
        for name in _exported(trees[module]):
            importable.setdefault(_definition(module, name, origins), module)
    for module, tree in trees.items():
        for name in _declared(tree, _room(module) in OPEN):
            full = _definition(module, name, origins)
            if full.startswith(f'{PACKAGE}.'):
                importable.setdefault(full, full.rpartition('.')[0])
    rooms: dict[str, dict[str, list[str]]] = {}
    for full, module in sorted(importable.items()):
        rooms.setdefault(_room(full.rpartition('.')[0]), {}).setdefault(module, []).append(full)
    return dict(sorted(rooms.items()))


def _module(path: Path, root: Path) -> str:
    return '.'.join(path.relative_to(root).with_suffix('').parts).removesuffix('.__init__')


def _room(module: str) -> str:
    parts = module.split('.')[1:]
    return '.'.join(parts[: 2 if parts[:1] == ['models'] else 1])


def _imports(tree: ast.Module) -> dict[str, str]:
    """Imported name -> its full name, also of imports that are for type checking only."""
    return {
        alias.asname or alias.name: f'{node.module}.{alias.name}'
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level
        for alias in node.names
    }


def _exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '__all__':
            return [name for name in ast.literal_eval(node.value) if not name.startswith('_')]
    return []


def _declared(tree: ast.Module, everything: bool) -> list[str]:
    """Registered classes and their bases; with ``everything``, all public definitions too."""
    names = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(
            '.register_module' in ast.unparse(item) for item in node.decorator_list
        ):
            names += [node.name, *map(ast.unparse, node.bases)]
        elif everything and isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names += [node.name]
    return [name for name in names if not name.startswith('_')]


def _definition(module: str, name: str, origins: dict[str, dict[str, str]]) -> str:
    """Full name of what ``name`` is in ``module``, in the module that defines it."""
    while name in origins.get(module, {}):
        module, _, name = origins[module][name].rpartition('.')
    return f'{module}.{name}'
