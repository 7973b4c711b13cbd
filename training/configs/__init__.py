"""Configurations of training runs: what they hold, the named ones, and how they are read and changed."""

from training.configs.schema import TrainingConfig
from training.configs.settings import config_differences, load_config, read_config, write_config
from training.configs.table import CONFIGS

__all__ = ["CONFIGS", "TrainingConfig", "config_differences", "load_config", "read_config", "write_config"]
