"""How good are pictures? Distances to the true picture, and distances between two sets of pictures.

Of a pair: `l1`, `psnr`, `ssim`, `lpips`, each a function from images to one number a picture with a streaming Keras
metric beside it (`L1`, `PSNR`, `SSIM`, `LPIPS`), all with an optional mask of the person (`person_mask`). Of two sets:
`frechet_distance` and `kernel_distance` on any features, in Keras `StreamingFrechetDistance` and
`StreamingKernelDistance`; FID and KID on the features of `load_inception`, FVD on those of `load_i3d`. Of videos:
`flicker` and `feature_distance`. Of poses: `pose_accuracy`. `mean_interval`, `paired_difference_interval` and
`difference_interval` say how sure a mean is.
"""

from gfla_tf.metrics.frechet import FeatureStatistics, frechet_distance
from gfla_tf.metrics.i3d import I3d, VideoFeatures
from gfla_tf.metrics.i3d_weights import load_i3d
from gfla_tf.metrics.image_metric import ImageMetric
from gfla_tf.metrics.inception import Inception, InceptionFeatures, load_inception
from gfla_tf.metrics.inception_score import InceptionScore
from gfla_tf.metrics.intervals import Interval, difference_interval, mean_interval, paired_difference_interval
from gfla_tf.metrics.kernel_distance import KernelDistance, kernel_distance, kernel_distance_of_blocks
from gfla_tf.metrics.lpips import LPIPS, LpipsNetwork, load_lpips, lpips
from gfla_tf.metrics.network_weights import load_feature_network
from gfla_tf.metrics.networks import FeatureNetwork
from gfla_tf.metrics.person_masks import person_mask
from gfla_tf.metrics.pixels import L1, PSNR, l1, psnr
from gfla_tf.metrics.pose_accuracy import PoseAccuracy, pose_accuracy
from gfla_tf.metrics.set_metrics import StreamingFrechetDistance, StreamingKernelDistance
from gfla_tf.metrics.ssim import SSIM, SSIM_VARIANTS, ssim
from gfla_tf.metrics.videos import feature_distance, flicker

__all__ = [
    "L1",
    "LPIPS",
    "PSNR",
    "SSIM",
    "SSIM_VARIANTS",
    "FeatureNetwork",
    "FeatureStatistics",
    "I3d",
    "ImageMetric",
    "Inception",
    "InceptionFeatures",
    "InceptionScore",
    "Interval",
    "KernelDistance",
    "LpipsNetwork",
    "PoseAccuracy",
    "StreamingFrechetDistance",
    "StreamingKernelDistance",
    "VideoFeatures",
    "difference_interval",
    "feature_distance",
    "flicker",
    "frechet_distance",
    "kernel_distance",
    "kernel_distance_of_blocks",
    "l1",
    "load_feature_network",
    "load_i3d",
    "load_inception",
    "load_lpips",
    "lpips",
    "mean_interval",
    "paired_difference_interval",
    "person_mask",
    "pose_accuracy",
    "psnr",
    "ssim",
]
