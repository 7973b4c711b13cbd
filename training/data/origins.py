"""Where each dataset comes from. None of them may be handed on, so none is downloaded here."""

from __future__ import annotations

__all__ = ["ORIGINS"]

ORIGINS: dict[str, str] = {
    "fashion": (
        "DeepFashion In-shop Clothes Retrieval: the project page of MMLAB at CUHK, "
        "https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion.html, has an agreement to sign and send; the answer holds "
        "the password of img.zip. train.lst, test.lst and the pair and annotation CSVs are handed on by the authors of "
        "pose transfer models, with the code of their papers."
    ),
    "market": (
        "Market-1501: from the authors of Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015. The "
        "pair and annotation CSVs are handed on by the authors of pose transfer models, with the code of their papers."
    ),
    "clips": (
        "FashionVideo (Zablotskaia et al., DwNet, BMVC 2019) and iPER (Liu et al., Liquid Warping GAN, ICCV 2019) are "
        "on their papers' project pages; any videos of a person will do. `data prepare video` makes clips of them."
    ),
    "human36m": (
        "Human3.6M: register at http://vision.imar.ro/human3.6m. The two npz files are made by the dataset scripts of "
        "VideoPose3D, https://github.com/facebookresearch/VideoPose3D."
    ),
    "rendered": "Rendered people: `data render` makes them anew.",
}
