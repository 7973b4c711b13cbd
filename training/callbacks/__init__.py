"""What happens beside the steps of a training run, as Keras callbacks that go by the step."""

from training.callbacks.log_file import LogFile
from training.callbacks.progress_bar import ProgressBar
from training.callbacks.samples import SampleSheets
from training.callbacks.steps import StepCallback
from training.callbacks.tensorboard import TensorBoardLog

__all__ = ["LogFile", "ProgressBar", "SampleSheets", "StepCallback", "TensorBoardLog"]
