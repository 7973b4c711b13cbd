"""Person generators of different widths as TFLite files on one thread: what person-mobile was chosen by.

    PYTHONPATH=. python tests/benchmarks/bench_mobile.py --json widths.json

The networks take turns in one process, with stand-in weights, and the processor's time is counted, which other programs
change less: ratios mean something, milliseconds only on this machine.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from common import Table, make_parser

SIDE = 128
THREADS = 1


@dataclass(frozen=True)
class Candidate:
    """How a network differs from person-demo: widths, sides of attention's patches by level, its hidden width."""

    widths: tuple[int, ...]
    flow_widths: tuple[int, ...]
    attention: tuple[tuple[int, int], ...] = ((3, 3), (2, 5), (1, 3))
    hidden: int = 32

    def facts(self) -> dict[str, str]:
        """Columns of the table."""
        return {
            "widths": ", ".join(map(str, self.widths)),
            "flow widths": ", ".join(map(str, self.flow_widths)),
            "attention": ", ".join(f"{level}: {side}" for level, side in self.attention),
        }

    def settings(self) -> dict:
        """Arguments of the network."""
        return {
            "widths": self.widths,
            "flow_widths": self.flow_widths,
            "attention_kernels": dict(self.attention),
            "attention_hidden": self.hidden,
        }


WITHOUT_FINEST = ((3, 3), (2, 5))
CANDIDATES = (
    Candidate((32, 64, 128), (16, 32, 64, 128, 128), hidden=64),  # person-demo
    Candidate((32, 64, 128), (16, 32, 64, 128, 128), WITHOUT_FINEST),
    Candidate((32, 64, 96), (16, 32, 48, 64, 64)),
    Candidate((32, 64, 96), (8, 16, 32, 64, 64)),
    Candidate((32, 64, 96), (8, 16, 32, 64, 64), WITHOUT_FINEST),
    Candidate((32, 64, 80), (16, 32, 64, 64, 64)),
    Candidate((32, 64, 80), (16, 32, 64, 64, 64), ((3, 3), (2, 3), (1, 3))),
    Candidate((32, 64, 80), (16, 32, 64, 64, 64), WITHOUT_FINEST),
    Candidate((32, 48, 80), (16, 32, 64, 80, 80)),  # person-mobile
    Candidate((24, 48, 96), (16, 32, 64, 64, 80)),
)


def convert_candidate(candidate: Candidate, precision: str) -> tuple[bytes, int]:
    """The network for 128x128 pictures as a file, and the number of its parameters."""
    from gfla_tf.models.model_files import STAND_IN, load_model
    from gfla_tf.models.presets import PRESETS
    from serving.tflite.convert import convert
    from serving.tflite.graphs import graphs_of

    model = load_model("person-demo", weights=STAND_IN, **candidate.settings())
    model.preset = replace(PRESETS["person-demo"], height=SIDE, width=SIDE)
    return convert(graphs_of(model)[0], precision), model.count_params()


def measure(candidates: tuple[Candidate, ...], precision: str, repeats: int) -> list[dict]:
    """A row for each candidate."""
    from gfla_tf.lite.function import LiteFunction
    from serving.tflite.timing import make_inputs, time_interleaved

    rows, calls = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for number, candidate in enumerate(candidates):
            content, count = convert_candidate(candidate, precision)
            path = Path(folder) / f"{number}.tflite"
            path.write_bytes(content)
            function = LiteFunction(path, THREADS)
            inputs = make_inputs(function)
            calls[str(number)] = lambda function=function, inputs=inputs: function(**inputs)
            rows.append({**candidate.facts(), "parameters": count, "MB": len(content) / 1e6})
        seconds = time_interleaved(calls, repeats, time.process_time)
    return [{**row, "ms": statistics.median(seconds[str(number)]) * 1e3} for number, row in enumerate(rows)]


def main() -> None:
    """Print the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--precision", default="float16", help="of the weights (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=20, help="default: %(default)s")
    options = parser.parse_args()
    candidates = CANDIDATES[-2:] if options.quick else CANDIDATES
    table = Table("mobile", options.json)
    for row in measure(candidates, options.precision, 1 if options.quick else options.repeats):
        table.add(row)
    table.write()


if __name__ == "__main__":
    main()
