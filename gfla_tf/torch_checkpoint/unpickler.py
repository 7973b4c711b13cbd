"""A pickle reader that can only build plain data.

Unpickling is running a program: a pickle may name any importable function and call it. This reader runs the small
part of that language which `torch.save` writes for a state dict, and stops at anything else. Nothing is imported and
no attribute is set: a global is looked up in a table given by the caller, only a `Builder` of that table can be
called, and what gets built are numbers, strings, tuples, lists, dicts and the builders' results.

`pickle.Unpickler` with its own `find_class` would be shorter, but it leaves three doors open: the state of an object
may be set on any object of the table, a jump in the memo numbers allocates gigabytes, and a deeply nested tuple used
as a dict key overflows the C stack. Here the standard `pickletools` splits the bytes into instructions and the loop
below carries them out.

In: the bytes of one pickle, possibly followed by others. Out: the object, and where the pickle ended.

Reference: the comments in the standard library's `pickletools`, which define every instruction.
"""

from __future__ import annotations

import io
import pickletools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["MAXIMUM_PICKLE_BYTES", "Builder", "load_pickle"]

# Even an instruction of a single byte can build an object, so the length limits the memory (to 325 MiB for the worst of
# the pickles tried). A tensor takes about 60 bytes and its name: this is room for tens of thousands of them.
MAXIMUM_PICKLE_BYTES = 2**22

# Instructions that only push their argument: numbers and strings.
_VALUES = frozenset(
    {
        "BININT",
        "BININT1",
        "BININT2",
        "LONG1",
        "LONG4",
        "BINFLOAT",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
        "BINSTRING",
        "SHORT_BINSTRING",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
    }
)


@dataclass(frozen=True)
class Builder:
    """A function that a pickle may call, under the global name it has there."""

    name: str
    function: Callable[..., object]

    def __call__(self, arguments: object) -> object:
        if not isinstance(arguments, tuple):
            raise ValueError(f"expected a tuple of arguments for '{self.name}'. Received: {_kind(arguments)}")
        try:
            return self.function(*arguments)
        except TypeError as error:
            raise ValueError(f"'{self.name}' is called with arguments that it does not take: {error}") from error


class _Machine:
    """The stack, the marks and the memo of one pickle being read."""

    def __init__(self, global_objects: Mapping[str, object], load_persistent: Callable[[object], object]) -> None:
        self.stack: list[object] = []
        self.below_marks: list[list[object]] = []
        self.memo: dict[int, object] = {}
        self.global_objects = global_objects
        self.load_persistent = load_persistent

    def push(self, value: object) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.below_marks.append(self.stack)
        self.stack = []

    def pop_to_mark(self) -> list[object]:
        items = self.stack
        self.stack = self.below_marks.pop()
        return items

    def find_global(self, module: object, name: object) -> object:
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("expected a module and a name to refer to. Received: values that are no strings")
        full_name = f"{module}.{name}"
        if full_name not in self.global_objects:
            raise ValueError(
                f"it refers to {full_name[:200]!r}, which a dict of tensors does not need; nothing of it was run. "
                "If you trust the file, load it with PyTorch and save only `model.state_dict()`"
            )
        return self.global_objects[full_name]

    def global_from_text(self, text: str) -> object:
        return self.find_global(*text.split(" ", 1))

    def global_from_stack(self) -> object:
        name = self.stack.pop()
        return self.find_global(self.stack.pop(), name)

    def push_tuple(self, length: int) -> None:
        if len(self.stack) < length:
            raise IndexError("fewer values than the tuple needs")
        items = tuple(self.stack[len(self.stack) - length :])
        del self.stack[len(self.stack) - length :]
        self.push(items)

    def append(self, items: list[object]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError(f"expected a list to append to. Received: {_kind(self.stack[-1])}")
        self.stack[-1].extend(items)

    def set_items(self, items: list[object]) -> None:
        if not isinstance(self.stack[-1], dict) or len(items) % 2:
            raise ValueError(f"expected pairs and a dict to put them in. Received: {_kind(self.stack[-1])}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            self.stack[-1][_checked_key(key)] = value

    def pop_pair(self) -> list[object]:
        value = self.stack.pop()
        return [self.stack.pop(), value]

    def call(self) -> None:
        function, arguments = self.pop_pair()
        if not isinstance(function, Builder):
            raise ValueError(f"expected a function that builds tensors to call. Received: {_kind(function)}")
        self.push(function(arguments))

    def drop_state(self) -> None:
        # A state dict carries the version numbers of its layers as an attribute (`_metadata`), which nobody reads.
        self.stack.pop()
        if not isinstance(self.stack[-1], dict):
            raise ValueError(f"expected attributes of a dict only. Received: those of {_kind(self.stack[-1])}")

    def memoize(self, position: int) -> None:
        self.memo[position] = self.stack[-1]


_INSTRUCTIONS: dict[str, Callable[[_Machine, object], object]] = {
    "PROTO": lambda machine, argument: None,
    "FRAME": lambda machine, argument: None,
    "STOP": lambda machine, argument: None,
    "MARK": lambda machine, argument: machine.mark(),
    "NONE": lambda machine, argument: machine.push(None),
    "NEWTRUE": lambda machine, argument: machine.push(True),
    "NEWFALSE": lambda machine, argument: machine.push(False),
    "EMPTY_TUPLE": lambda machine, argument: machine.push(()),
    "EMPTY_LIST": lambda machine, argument: machine.push([]),
    "EMPTY_DICT": lambda machine, argument: machine.push({}),
    "TUPLE": lambda machine, argument: machine.push(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, argument: machine.push_tuple(1),
    "TUPLE2": lambda machine, argument: machine.push_tuple(2),
    "TUPLE3": lambda machine, argument: machine.push_tuple(3),
    "APPEND": lambda machine, argument: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, argument: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine, argument: machine.set_items(machine.pop_pair()),
    "SETITEMS": lambda machine, argument: machine.set_items(machine.pop_to_mark()),
    "BINPUT": lambda machine, argument: machine.memoize(argument),
    "LONG_BINPUT": lambda machine, argument: machine.memoize(argument),
    "MEMOIZE": lambda machine, argument: machine.memoize(len(machine.memo)),
    "BINGET": lambda machine, argument: machine.push(machine.memo[argument]),
    "LONG_BINGET": lambda machine, argument: machine.push(machine.memo[argument]),
    "GLOBAL": lambda machine, argument: machine.push(machine.global_from_text(argument)),
    "STACK_GLOBAL": lambda machine, argument: machine.push(machine.global_from_stack()),
    "BINPERSID": lambda machine, argument: machine.push(machine.load_persistent(machine.stack.pop())),
    "REDUCE": lambda machine, argument: machine.call(),
    "BUILD": lambda machine, argument: machine.drop_state(),
}


def load_pickle(
    data: bytes, global_objects: Mapping[str, object], load_persistent: Callable[[object], object]
) -> tuple[object, int]:
    """Read the pickle that `data` begins with.

    Args:
        data: the pickle; bytes after its end are ignored. Only the first `MAXIMUM_PICKLE_BYTES` are looked at.
        global_objects: what the pickle may refer to, by full name (`"collections.OrderedDict"`). Of these, only
            instances of `Builder` can be called.
        load_persistent: turns a persistent id of the pickle (for `torch.save`, a tuple about a storage) into an object.

    Returns:
        The object, and the number of bytes that the pickle took.

    Raises:
        ValueError: the bytes are no pickle, are cut off, or ask for anything but plain data and the given globals.
    """
    machine = _Machine(global_objects, load_persistent)
    position = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pickletools passes on Python's warnings about escapes in broken names
            # Ends with the instruction STOP; genops raises ValueError where there is none.
            for opcode, argument, position in pickletools.genops(io.BytesIO(data[:MAXIMUM_PICKLE_BYTES])):  # noqa: B007
                _run(machine, opcode.name, argument)
        return machine.stack.pop(), position + 1
    except (IndexError, KeyError) as error:
        raise ValueError(f"its pickle is broken at byte {position}: an instruction finds no value") from error


def _run(machine: _Machine, name: str, argument: object) -> None:
    if name in _VALUES:
        machine.push(argument)
    elif name in _INSTRUCTIONS:
        _INSTRUCTIONS[name](machine, argument)
    elif name == "INST":
        machine.global_from_text(argument)  # the old way to call a global: refused, by name where the name is not known
        raise ValueError("expected a pickle of plain data. Received: the instruction INST")
    else:
        raise ValueError(f"expected a pickle of plain data. Received: the instruction {name}")


def _checked_key(key: object) -> object:
    # No tuples: the hash of a nested one recurses without a limit. No large integers: many of them share a hash.
    if type(key) is str or (type(key) is int and abs(key) < 2**64):
        return key
    raise ValueError(f"expected the keys of a dict to be strings or small integers. Received: {_kind(key)}")


def _kind(value: object) -> str:
    return f"a value of type '{type(value).__name__}'"
