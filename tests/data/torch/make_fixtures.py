"""Write the checkpoints that the tests read. Needs PyTorch; the files in this folder came from version 2.13.

    python tests/data/torch/make_fixtures.py

Each content is saved in both formats of `torch.save`: `NAME_zip.pth` (the default) and `NAME_old.pth`.

    types      one tensor [2, 3] of each element type
    layouts    a state dict of layers in a DataParallel, and tensors that are not laid out plainly
    training   a state dict within the dict of a training script
"""

from __future__ import annotations

from pathlib import Path

import torch

FOLDER = Path(__file__).parent
TYPES = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool"


def types() -> dict[str, torch.Tensor]:
    """Return `[[0, 1, 2], [3, 4, 5]]` in each type; in the floating point ones minus 1.5."""
    tensors = {}
    for name in TYPES.split():
        dtype = getattr(torch, name)
        numbers = torch.arange(6).reshape(2, 3)
        tensors[name] = (numbers - 1.5).to(dtype) if dtype.is_floating_point else numbers.to(dtype)
    return tensors


def layouts() -> dict[str, torch.Tensor]:
    """Return layers' state (it carries `_metadata`), and windows into one storage holding 0, 1, ... 23."""
    network = torch.nn.Sequential(torch.nn.Conv2d(2, 1, (1, 3)), torch.nn.BatchNorm2d(1))
    with torch.no_grad():
        network[0].weight.copy_(torch.arange(6.0).reshape(1, 2, 1, 3))
        network[0].bias.fill_(0.25)
    state = torch.nn.DataParallel(network).state_dict()
    numbers = torch.arange(24.0)
    parameter = torch.nn.Parameter(numbers[:2])
    parameter_with_state = torch.nn.Parameter(numbers[2:4])
    parameter_with_state.note = "attributes of a parameter are saved with it"
    state.update(
        {
            "module.whole": numbers.reshape(4, 6),
            "module.transposed": numbers.reshape(4, 6).T,
            "module.window": numbers.reshape(4, 6)[1:3, 2::3],
            "module.scalar": numbers[7],
            "module.empty": numbers[:0].reshape(0, 3),
            "module.expanded": numbers[5:6].expand(2, 3),
            "module.parameter": parameter,
            "module.parameter_with_state": parameter_with_state,
        }
    )
    return state


def training() -> dict[str, object]:
    """Return what a training script saves: progress, the network's state, the optimizer's state."""
    network = torch.nn.Linear(3, 2)
    with torch.no_grad():
        network.weight.copy_(torch.arange(6.0).reshape(2, 3))
        network.bias.zero_()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.0)
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {"epoch": 3, "name": "a run", "state_dict": network.state_dict(), "optimizer": optimizer.state_dict()}


def main() -> None:
    """Write all files beside this script."""
    for make_content in (types, layouts, training):
        for kind, as_zip in (("zip", True), ("old", False)):
            path = FOLDER / f"{make_content.__name__}_{kind}.pth"
            torch.save(make_content(), path, _use_new_zipfile_serialization=as_zip)


if __name__ == "__main__":
    main()
