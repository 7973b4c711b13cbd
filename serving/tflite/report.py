"""What a file is made of and which of it a delegate leaves, as facts for JSON and as text to print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from serving.tflite.operations import gpu_objections, read_operations, xnnpack_objections
from serving.tflite.verification import Agreement

__all__ = ["file_facts", "format_report"]


def file_facts(content: bytes, interpreter_class: type) -> dict:
    """Size, operations and objections of a file; asks the given interpreter's XNNPACK."""
    operations = Counter(operation.name for operation in read_operations(content))
    return {
        "bytes": len(content),
        "operations": dict(operations.most_common()),
        "left_by_xnnpack": dict(xnnpack_objections(content, interpreter_class).most_common()),
        "left_by_gpu": gpu_objections(content),
    }


def format_report(facts: Mapping[str, dict], agreements: list[Agreement]) -> str:
    """The report of a model.

    Args:
        facts: file name -> `file_facts`.
        agreements: of `verify`.
    """
    lines = []
    for name, fact in facts.items():
        lines += [
            f"{name}: {fact['bytes'] / 1e6:.1f} MB, {sum(fact['operations'].values())} operations",
            f"  all built in: {_counts(fact['operations'])}",
            f"  on the processor, XNNPACK leaves to TFLite: {_counts(fact['left_by_xnnpack']) or 'nothing'}",
            f"  on a GPU, the delegate would leave: {'; '.join(fact['left_by_gpu']) or 'nothing'}",
        ]
    for agreement in agreements:
        lines.append(
            f"{agreement.interpreter}: largest difference {agreement.maximum:.2g}, mean {agreement.mean:.2g}, "
            f"PSNR {agreement.psnr:.1f} dB, of the worst {agreement.worst_psnr:.1f} dB"
        )
    return "\n".join(lines)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
