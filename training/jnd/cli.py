"""Ask people which of two pictures is real: the just-noticeable-difference test.

A rater sees a real and a generated picture of the same, each for a set time, in random order, and says which one was
real. A model that is called real half of the time can't be told from reality.
"""

from __future__ import annotations

from gfla_tf.commands.table import Table

__all__ = ["COMMANDS"]

COMMANDS: Table = {
    "serve": ("serve the test to raters' browsers, and collect their answers", "training.jnd.serve"),
    "export": ("write the test as a static folder, for crowdsourcing", "training.jnd.export"),
    "report": ("fooling rates of answers, with intervals", "training.jnd.report"),
}
