"""Reading checkpoints made by hand: commands hidden in pickles, numbers that lie, ways to wrap a state dict."""

from __future__ import annotations

import os
import pickle
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gfla_tf.torch_checkpoint import read_torch_checkpoint

MAGIC_NUMBER, PROTOCOL_VERSION = 0x1950A86A20F9469CFC6C, 1001
SIX = np.float32([10, 11, 12, 13, 14, 15])
SYSTEM = f"{os.name}.system"
REBUILD = "torch._utils._rebuild_tensor_v2"


# Pieces of pickles, as bytes.


def plain(value: object) -> bytes:
    return pickle.dumps(value, 2)[2:-1]  # less the instructions PROTO and STOP


def named(name: str) -> bytes:
    module, _, attribute = name.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def sequence(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def call(name: str, *arguments: bytes) -> bytes:
    return named(name) + sequence(*arguments) + b"R"


def mapping(**items: bytes) -> bytes:
    return b"}(" + b"".join(plain(name) + value for name, value in items.items()) + b"u"


def storage(count: object = 6, kind: str = "torch.FloatStorage", key: object = "0", part: object = None) -> bytes:
    return sequence(*map(plain, ["storage"]), named(kind), *map(plain, [key, "cpu", count, part])) + b"Q"


def tensor(size: object, stride: object, offset: object = 0, source: bytes | None = None) -> bytes:
    return call(REBUILD, source or storage(), *map(plain, [offset, size, stride, False, None]))


def write_zip(path: Path, content: bytes, elements: np.ndarray = SIX, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("net/data.pkl", b"\x80\x02" + content + b".")
        archive.writestr("net/data/0", elements.tobytes())
    return path


def write_old(path: Path, content: bytes, elements: np.ndarray = SIX) -> Path:
    head = b"".join(pickle.dumps(value, 2) for value in (MAGIC_NUMBER, PROTOCOL_VERSION, {"little_endian": True}))
    keys = ["0"] if plain("storage")[:-2] in content else []
    tail = pickle.dumps(keys, 2) + (len(elements).to_bytes(8, "little") + elements.tobytes()) * len(keys)
    path.write_bytes(head + b"\x80\x02" + content + b"." + tail)
    return path


BOTH_FORMATS = pytest.mark.parametrize("write", [write_zip, write_old])


# Commands. Each makes the folder whose name is given, if a pickle with it is loaded by Python.


class Call:
    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.reduced


def by_set_state(target: str) -> bytes:
    """An OrderedDict is given an attribute `__setstate__`, which unpickling then calls with the second state."""
    state = plain("__setstate__") + named(SYSTEM)
    return named("collections.OrderedDict") + b")R}" + state + b"sb" + plain(f"mkdir {target}") + b"b"


COMMANDS: dict[str, tuple[Callable[[str], bytes], str]] = {
    "reduce": (lambda target: plain(Call(os.system, f"mkdir {target}")), SYSTEM),
    "eval": (lambda target: plain(Call(eval, f"__import__('os').mkdir({target!r})")), "__builtin__.eval"),
    "protocol 4": (lambda target: pickle.dumps(Call(os.mkdir, target), 4)[2:-1], f"{os.name}.mkdir"),
    "instance": (lambda target: b"(" + plain(f"mkdir {target}") + f"i{os.name}\nsystem\n".encode(), SYSTEM),
    "object": (lambda target: b"(" + named(SYSTEM) + plain(f"mkdir {target}") + b"o", SYSTEM),
    "set state": (by_set_state, SYSTEM),
}
PLACES: dict[str, Callable[[bytes], bytes]] = {
    "alone": lambda command: command,
    "in a state dict": lambda command: mapping(weight=tensor((6,), (1,)), more=command),
    "in a state dict in a dict": lambda command: mapping(state_dict=mapping(weight=command)),
    "in a dropped attribute": lambda command: call("collections.OrderedDict") + command + b"b",
    "in a storage": lambda command: tensor((6,), (1,), source=sequence(plain("storage"), command) + b"Q"),
    "as a hook": lambda command: call(REBUILD, storage(), *map(plain, [0, (6,), (1,), False]), command),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_do_run_in_an_ordinary_unpickler(tmp_path, name):
    pickle.loads(b"\x80\x02" + COMMANDS[name][0](str(tmp_path / "made")) + b".")
    assert (tmp_path / "made").exists()


@BOTH_FORMATS
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", COMMANDS)
def test_commands_are_refused_by_name(tmp_path, name, place, write):
    make_command, refused = COMMANDS[name]
    path = write(tmp_path / "a.pth", PLACES[place](make_command(str(tmp_path / "made"))))
    with pytest.raises(ValueError, match=f"a.pth: .*refers to '{refused}'"):
        read_torch_checkpoint(path)
    assert not (tmp_path / "made").exists()


def test_command_in_the_other_pickles_of_an_old_file(tmp_path):
    command = pickle.dumps(Call(os.mkdir, str(tmp_path / "made")), 2)
    path = write_old(tmp_path / "a.pth", mapping(weight=tensor((1,), (1,))))
    version = pickle.dumps(PROTOCOL_VERSION, 2)
    for part in (pickle.dumps(MAGIC_NUMBER, 2), version, pickle.dumps(["0"], 2)):
        (tmp_path / "b.pth").write_bytes(path.read_bytes().replace(part, command))
        with pytest.raises(ValueError, match=f"refers to '{os.name}.mkdir'"):
            read_torch_checkpoint(tmp_path / "b.pth")
    assert not (tmp_path / "made").exists()


@BOTH_FORMATS
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            call("collections.OrderedDict", plain([["a", 1]]), plain(1)),
            "'collections.OrderedDict' is called with argum",
        ),
        (call("collections.OrderedDict", plain("ab")), "expected a list of pairs of a name and a value"),
        (call("collections.OrderedDict", plain([["a"]])), "expected a list of pairs of a name and a value"),
        (call("collections.OrderedDict", plain([[1, 2]])), "expected a list of pairs of a name and a value"),
        (call("torch.Size", plain("abc")), "expected a tuple of at most 32 sizes"),
        (call("torch.Size", plain((1,) * 33)), "expected a tuple of at most 32 sizes"),
        (call("torch.device", plain(3)), "expected the name of a device"),
        (call(REBUILD, plain("x")), "'torch._utils._rebuild_tensor_v2' is called with arguments"),
        (named(REBUILD) + plain([]) + b"R", "expected a tuple of arguments for 'torch._utils._rebuild_tensor_v2'"),
        (call(REBUILD, *map(plain, [5, 0, (1,), (1,), False, None])), "expected a storage and an element type"),
        (call(REBUILD, storage(), *map(plain, [0, (1,), (1,), False, None, {"neg": True}])), "stored negated"),
        (call("torch._utils._rebuild_parameter", plain([]), plain(True), plain(None)), "a tensor in a parameter"),
        (call("torch.float32", plain(1)), "expected a function that builds tensors to call"),
        (call("torch.FloatStorage", plain(1)), "expected a function that builds tensors to call"),
        (named(REBUILD) + plain({"__code__": 1}) + b"b", "expected attributes of a dict only"),
        (tensor((6,), (1,)) + plain((1, (6,), None, False, "x")) + b"b", "expected attributes of a dict only"),
        (tensor((6,), (1,)) + plain(0) + plain(1) + b"s", "expected pairs and a dict to put them in"),
        (plain({}) + plain(1) + b"a", "expected a list to append to"),
        (plain({(1, 2): 3}), "expected the keys of a dict to be strings or small integers"),
        (b"}(" + plain("odd") + b"u", "expected pairs and a dict"),
        (plain(1) + plain(2) + b"\x93", "expected a module and a name"),
        (b"\x82\x01", "instruction EXT1"),
        (b"\x8f", "instruction EMPTY_SET"),
        (b"h\x07", "an instruction finds no value"),
        (b"0", "instruction POP"),
        (b"\x85", "an instruction finds no value"),
        (b"e", "an instruction finds no value"),
        (b"", "an instruction finds no value"),
        (sequence(plain("module"), plain(1)) + b"Q", "expected references to storages only"),
    ],
)
def test_strange_pickles_are_refused(tmp_path, content, message, write):
    with pytest.raises(ValueError, match=f"a.pth: .*{message}"):
        read_torch_checkpoint(write(tmp_path / "a.pth", content))


@BOTH_FORMATS
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tensor((7,), (1,)), "ends at element 6 of a storage of 6"),
        (tensor((2, 3), (3, 2)), "ends at element 7 of a storage of 6"),
        (tensor((1,), (1,), 6), "ends at element 6 of a storage of 6"),
        (tensor((2,), (-1,), 5), "expected counts, offsets, sizes and strides from 0"),
        (tensor((1,), (1,), -1), "expected counts, offsets, sizes and strides from 0"),
        (tensor((2.0,), (1,)), "expected counts, offsets, sizes and strides from 0"),
        (tensor((2**70,), (1,)), "expected counts, offsets, sizes and strides from 0"),
        (tensor((2**47,), (0,)), "repeats the 6 elements of its storage too often"),
        (tensor((2**47, 2**47), (0, 0)), "repeats the 6 elements of its storage too often"),
        (tensor((0, 2**47, 2**47), (1, 1, 1)), "maximum|too big|allowed"),
        (tensor((2, 3), (3,)), "expected as many strides as sizes. Received: 1 strides for 2 sizes"),
        (tensor((1,), (1,), source=storage(5)), "expected 20 bytes|expected 5 elements"),
        (tensor((1,), (1,), source=storage(2**40)), "expected 4398046511104 bytes|expected 1099511627776 elements"),
        (tensor((1,), (1,), source=storage(key="../0")), "no member 'net/data/../0'|unknown key"),
        (tensor((1,), (1,), source=storage(key=0)), "expected the type and the key of a storage"),
        (tensor((1,), (1,), source=storage(part=("p", 2, 5))), "a part of storage '0' lies outside of it"),
        (tensor((4,), (1,), source=storage(part=("p", 2, 3))), "ends at element 3 of a storage of 3"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(tmp_path, content, message, write):
    with pytest.raises(ValueError, match=f"a.pth: .*({message})"):
        read_torch_checkpoint(write(tmp_path / "a.pth", mapping(weight=content)))


@BOTH_FORMATS
def test_windows_into_one_storage(tmp_path, write):
    content = mapping(
        matrix=tensor((2, 3), (3, 1)),
        columns=tensor((2, 2), (1, 3), 1),
        part=tensor((2,), (1,), 1, source=storage(part=("p", 2, 3))),
        oldest=call("torch._utils._rebuild_tensor", storage(), plain(5), plain((1,)), plain((1,))),
    )
    arrays = read_torch_checkpoint(write(tmp_path / "a.pth", content))
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "matrix": [[10, 11, 12], [13, 14, 15]],
        "columns": [[11, 14], [12, 15]],
        "part": [13, 14],
        "oldest": [15],
    }
    assert np.shares_memory(arrays["matrix"], arrays["columns"])


@BOTH_FORMATS
def test_a_dict_of_pairs_as_python_2_wrote_it(tmp_path, write):
    pairs = [b"](" + plain(name) + tensor((1,), (1,), offset) + b"e" for offset, name in enumerate("ab")]
    content = call("collections.OrderedDict", b"](" + b"".join(pairs) + b"e")
    arrays = read_torch_checkpoint(write(tmp_path / "a.pth", content))
    assert {name: array.tolist() for name, array in arrays.items()} == {"a": [10], "b": [11]}


@BOTH_FORMATS
@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "net_G", "whatever"])
def test_wrapped_state(tmp_path, key, write):
    state = mapping(weight=tensor((6,), (1,)), steps=plain(7), note=plain("x"), _metadata=plain({}))
    path = write(tmp_path / "a.pth", mapping(epoch=plain(3), optimizer=plain({"state": {0: 1}}), **{key: state}))
    assert list(read_torch_checkpoint(path)) == ["weight"]


@BOTH_FORMATS
def test_first_known_key_wins_over_other_states(tmp_path, write):
    first, second = tensor((1,), (1,), 1), tensor((1,), (1,), 2)
    content = mapping(net_D=mapping(a=second), net_G=mapping(a=first))
    assert read_torch_checkpoint(write(tmp_path / "a.pth", content))["a"] == [11]


@BOTH_FORMATS
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (plain([1]), "expected a dict of tensors. Received: a value of type 'list'"),
        (plain({}), "Received: a dict with the keys $"),
        (plain({"epoch": 3, "lr": {}}), "Received: a dict with the keys 'epoch', 'lr'$"),
        (plain(dict.fromkeys(range(13))), "Received: a dict with the keys 0, 1, .*, 9 and 3 more"),
        (mapping(a=mapping(w=tensor((1,), (1,))), b=mapping(w=tensor((1,), (1,)))), "with the keys 'a', 'b'$"),
        (mapping(w=tensor((1,), (1,)), net=plain({})), "expected names and tensors. Received: 'net' .* type 'dict'"),
        (b"}" + plain(5) + tensor((1,), (1,)) + b"s", "expected names and tensors. Received: 5 with"),
    ],
)
def test_no_state_found(tmp_path, content, message, write):
    with pytest.raises(ValueError, match=message):
        read_torch_checkpoint(write(tmp_path / "a.pth", content))


LONG_LIST = plain([(str(key), 0) for key in range(5000)])


@contextmanager
def memory_limit(mebibytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < mebibytes * 2**20


@BOTH_FORMATS
@pytest.mark.parametrize(
    "content",
    [
        b")" + b"\x85" * 10**5,  # tuples in tuples
        b"(" * 10**5,
        b"]" + b"]" * 10**5 + b"a" * 10**5,  # lists in lists
        b"}" + b")" + b"\x85" * 10**5 + b"Ns",  # a key of which the hash overflows the stack of C
        b"Nr\xff\xff\xff\x7f",  # the memo's place 2**31 - 1
        b"\x96" + b"\xff" * 7 + b"\x7f",  # a bytearray of 2**63 bytes
        b"X\xff\xff\xff\x7f",  # a string of 2**31 bytes
        plain("x" * 10**5) + b"q\x00" + b"h\x00" * 10**5 + b"\x93",
        # One long list of pairs, made into a thousand dicts.
        b"(" + LONG_LIST + b"q\x00" + named("collections.OrderedDict") + b"q\x01" + b"h\x01h\x00\x85R" * 1000 + b"t",
    ],
)
def test_bombs_take_little_memory(tmp_path, content, write):
    path = write(tmp_path / "a.pth", content)
    with memory_limit(30), pytest.raises(ValueError, match="cannot read this PyTorch checkpoint"):
        read_torch_checkpoint(path)


def write_compressed_zeros(path: Path, count: int, claimed_count: int) -> Path:
    content = mapping(weight=tensor((1,), (1,), source=storage(claimed_count)))
    write_zip(path, content, np.zeros(count, np.float32), zipfile.ZIP_DEFLATED)
    sizes = [(4 * number).to_bytes(4, "little") for number in (count, claimed_count)]
    path.write_bytes(path.read_bytes().replace(*sizes))
    return path


def test_compressed_bomb_is_refused(tmp_path):
    path = write_compressed_zeros(tmp_path / "a.pth", 2**24 + 1, 2**24 + 1)
    with memory_limit(1), pytest.raises(ValueError, match="claims 67108868 bytes, more than the file can hold"):
        read_torch_checkpoint(path)


def test_no_more_is_unpacked_than_is_claimed(tmp_path):
    path = write_compressed_zeros(tmp_path / "a.pth", 2**22, 6)
    with memory_limit(1), pytest.raises(ValueError, match="Bad CRC-32"):
        read_torch_checkpoint(path)
