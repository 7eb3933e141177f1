"""From a file to YAML nodes, each of which knows its line; nothing is converted or constructed here."""

from __future__ import annotations

from pathlib import Path

import yaml

from inventory.problems import InventoryError

# libyaml's parser is ten times faster and gives the same marks; PyYAML built without it has only its own.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_MISSING = "missing"

# 10,000 circuits take about 4 MB; more is a mistake in the path, and a bomb must not fill the memory.
MAX_BYTES = 16 * 1024 * 1024
# An inventory nests 8 deep. PyYAML composes recursively, in C without a check: 100,000 brackets end the process.
MAX_DEPTH = 32
# Aliases repeat what they point to, and nested ones multiply it.
MAX_VALUES = 3_000_000


def read_root(path: Path) -> yaml.MappingNode:
    """The mapping a file consists of. Raises InventoryError when it is not readable, not YAML or not one mapping."""
    data = _read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal(path, _line_of(data, error.start), "not UTF-8; expected text saved as UTF-8") from None
    try:
        _check_depth(path, text)
        root = yaml.compose(text, _Loader)
    except yaml.YAMLError as error:
        raise _syntax_error(path, data, error) from None
    if root is None:
        raise _refusal(path, 1, "the file is empty; expected isp, devices, links, tenants")
    if not isinstance(root, yaml.MappingNode):
        raise _refusal(path, line_of(root), f"{shape(root)}; expected a mapping with isp, devices, ...")
    _check_aliases(path, root)
    return root


def missing(parent: yaml.Node) -> yaml.Node:
    """What stands for a value that is not in `parent`: no parser takes it, and errors call it missing."""
    return yaml.ScalarNode(_MISSING, "", parent.start_mark, parent.end_mark)


def line_of(node: yaml.Node | yaml.Event) -> int:
    """The line a node or an event begins on, counted from 1."""
    assert node.start_mark is not None, "the parser marks every node and event"
    return node.start_mark.line + 1


def shape(node: yaml.Node) -> str:
    """What a node is, in words for an error; never its value."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if node.tag == _MISSING:
        return "missing"
    return "empty" if is_null(node) else "a single value"


def is_plain(node: yaml.Node) -> bool:
    """Whether it is a scalar without quotes (style None or empty, by parser) and not a block."""
    return isinstance(node, yaml.ScalarNode) and not node.style


def is_null(node: yaml.Node) -> bool:
    """Whether nothing, `~` or `null` stands there, without quotes."""
    return is_plain(node) and node.tag == "tag:yaml.org,2002:null"


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InventoryError([f"{path}: cannot be read: {reason}; expected an inventory file"]) from None
    if len(data) > MAX_BYTES:
        raise InventoryError([f"{path}: larger than {MAX_BYTES // 1024 // 1024} MiB; expected an inventory file"])
    return data


def _check_depth(path: Path, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                wrong = f"nested more than {MAX_DEPTH} deep; expected an inventory"
                raise _refusal(path, line_of(event), wrong)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_aliases(path: Path, root: yaml.Node) -> None:
    """Refuse an alias inside what it stands for, and aliases that multiply beyond MAX_VALUES.

    An anchor is complete before its aliases, so `weights` keeps the recursion as shallow as the text.
    """
    weights: dict[int, int] = {}
    open_nodes: set[int] = set()

    def weigh(node: yaml.Node) -> int:
        if not isinstance(node, yaml.CollectionNode):
            return 1
        if id(node) in open_nodes:
            raise _refusal(path, line_of(node), "an alias stands inside its own anchor; expected no loop")
        if id(node) not in weights:
            open_nodes.add(id(node))
            weights[id(node)] = 1 + sum(weigh(child) for child in _children(node))
            open_nodes.remove(id(node))
        return weights[id(node)]

    if weigh(root) > MAX_VALUES:
        raise _refusal(path, 1, f"aliases repeat more than {MAX_VALUES} values; expected fewer")


def _children(node: yaml.CollectionNode) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    children: list[yaml.Node] = node.value
    return children


def _syntax_error(path: Path, data: bytes, error: yaml.YAMLError) -> InventoryError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line = error.problem_mark.line + 1
        problem = error.problem or "cannot be read"
        if problem == "but found another document":
            return _refusal(path, line, "a second document begins; expected one document")
        if problem == "second occurrence":
            return _refusal(path, line, "an anchor (&name) is given twice; expected each name once")
        if "undefined" in problem:  # `password: *word`: the pure Python parser goes on with the word
            problem = problem.split(" '")[0]
        return _refusal(path, line, f"not YAML: {problem}; expected valid YAML (quote text with special characters)")
    position = getattr(error, "position", 0)
    wrong = "a character YAML does not allow; expected printable text"
    return _refusal(path, _line_of(data, position), wrong)


def _line_of(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _refusal(path: Path, line: int, text: str) -> InventoryError:
    return InventoryError([f"{path}:{line}: file: {text}"])
