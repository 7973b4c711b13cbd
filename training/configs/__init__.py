"""Configurations of training runs: what they hold, the named ones, and how they are read and changed."""

from training.configs.common import RunConfig
from training.configs.motion import MotionConfig
from training.configs.schema import TrainingConfig
from training.configs.sequence import SequenceConfig
from training.configs.settings import config_differences, config_names, load_config, read_config, write_config
from training.configs.table import CONFIGS

__all__ = [
    "CONFIGS",
    "MotionConfig",
    "RunConfig",
    "SequenceConfig",
    "TrainingConfig",
    "config_differences",
    "config_names",
    "load_config",
    "read_config",
    "write_config",
]
