"""The scores of single pictures: every metric of a protocol, one number a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from gfla_tf.metrics import SSIM_VARIANTS, LpipsNetwork, PoseAccuracy, l1, lpips, psnr, ssim
from gfla_tf.metrics.lpips import lpips_of_features
from gfla_tf.metrics.network_weights import head_shapes, read_network_state
from gfla_tf.metrics.networks import parameter_shapes, pooled_features
from training.evaluation.columns import flow_column, hidden_flow_column, ssim_column
from training.evaluation.flow_errors import flow_errors, hidden_flow_errors
from training.evaluation.hashes import arrays_sha256
from training.evaluation.pairs import PairBatch
from training.evaluation.pose_scores import POSE_METRICS, PoseScorer, estimator_sha256
from training.evaluation.protocols import Protocol
from training.evaluation.systems import Rendered

__all__ = ["METRICS", "PERSON_METRICS", "Scorer"]

FRECHET_NETWORK = "vgg16"

Metric = Callable[["Scorer", PairBatch, np.ndarray], tf.Tensor]


def _ssim_by(variant: str) -> Metric:
    return lambda _, batch, image: ssim(batch.target_image, image, variant, "generated")


METRICS: Mapping[str, Metric] = {
    "lpips_vgg16": lambda scorer, batch, image: scorer.lpips("vgg16", batch, image),
    "lpips_alexnet": lambda scorer, batch, image: scorer.lpips("alexnet", batch, image),
    "mask_lpips_alexnet": lambda scorer, batch, image: scorer.lpips("alexnet", batch, image, batch.person_mask),
    "ssim": lambda scorer, batch, image: scorer.ssim(batch, image),
    **{ssim_column(variant): _ssim_by(variant) for variant in SSIM_VARIANTS},
    "mask_ssim": lambda scorer, batch, image: scorer.ssim(batch, image, batch.person_mask),
    "psnr": lambda scorer, batch, image: psnr(batch.target_image, image),
    "l1": lambda scorer, batch, image: l1(batch.target_image, image),
    "l1_person": lambda scorer, batch, image: l1(batch.target_image, image, batch.person_mask),
    "pckh": lambda scorer, batch, image: scorer.pose(batch, image).pckh,
    "pose_distance": lambda scorer, batch, image: scorer.pose(batch, image).distance,
}
PERSON_METRICS = {"mask_lpips_alexnet", "mask_ssim", "l1_person"}  # of the person's mask alone


class Scorer:
    """The metrics of a protocol with their networks.

    Args:
        protocol: which metrics.
        true_size: see `PoseScorer`.

    Attributes:
        networks: SHA-256 of the weights of each network, with LPIPS' heads, and of the pose estimator.

    Raises:
        ValueError: a network's weights are not there; the message says where to get them.
    """

    def __init__(self, protocol: Protocol, true_size: tuple[int, int] | None = None) -> None:
        self.protocol = protocol
        self._poses, self._last_pose = PoseScorer(true_size), (None, None)
        self._lpips, self._last_pooled, self.networks = {}, (None, None), {}
        for name in _network_names(protocol):
            state = read_network_state(name)
            self._lpips[name] = LpipsNetwork(name, state)
            self.networks[name] = arrays_sha256({key: state[key] for key in _used_names(name)})
        if set(protocol.metrics) & set(POSE_METRICS):
            self.networks["pose estimator"] = estimator_sha256()

    def frechet_features(self, image: np.ndarray) -> np.ndarray:
        """What the Frechet distance is taken on, `[batch, channels]`; after LPIPS of the same pictures it is there."""
        if self._last_pooled[0] is image:
            return self._last_pooled[1]
        return self._lpips[FRECHET_NETWORK].features.pooled(image)

    def scores(self, batch: PairBatch, rendered: Rendered) -> dict[str, np.ndarray]:
        """Column -> one number a picture, `[batch]`; those of flows where a system has flows and the batch exact ones.

        Where nobody is in the mask, the metrics of the person are NaN.

        Raises:
            ValueError: a picture is no image of the target's size.
        """
        scores = {
            name: np.array(METRICS[name](self, batch, rendered.image), np.float64) for name in self.protocol.metrics
        }
        nobody = batch.person_mask.sum(axis=(1, 2, 3)) == 0
        for name in PERSON_METRICS & scores.keys():
            scores[name][nobody] = np.nan
        if batch.flow is not None:
            for level, flow in rendered.flows.items():
                scores[flow_column(level)] = flow_errors(batch, level, flow)
                scores[hidden_flow_column(level)] = hidden_flow_errors(batch, level, flow)
        return scores

    def lpips(self, network: str, batch: PairBatch, image: np.ndarray, mask: np.ndarray | None = None) -> tf.Tensor:
        """LPIPS by one of the networks."""
        if network != FRECHET_NETWORK or mask is not None:
            return lpips(batch.target_image, image, self._lpips[network], mask)
        features = self._lpips[network].features
        target_maps, maps = features(batch.target_image), features(image)
        self._last_pooled = image, pooled_features(maps)
        return lpips_of_features(target_maps, maps, self._lpips[network])

    def ssim(self, batch: PairBatch, image: np.ndarray, mask: np.ndarray | None = None) -> tf.Tensor:
        """SSIM by the protocol's window and range."""
        return ssim(batch.target_image, image, self.protocol.ssim_variant, self.protocol.ssim_range, mask)

    def pose(self, batch: PairBatch, image: np.ndarray) -> PoseAccuracy:
        """Pose accuracy; of the same pictures it is found once, for all columns that show it."""
        if self._last_pose[0] is not image:
            self._last_pose = image, self._poses(batch.target_keypoints, image)
        return self._last_pose[1]


def _network_names(protocol: Protocol) -> list[str]:
    """The networks that a protocol needs, each once."""
    names = [metric.rpartition("_")[2] for metric in protocol.metrics if "lpips" in metric]
    return list(dict.fromkeys(names + [FRECHET_NETWORK] * protocol.frechet))


def _used_names(network: str) -> list[str]:
    return [*parameter_shapes(network), *head_shapes(network)]
