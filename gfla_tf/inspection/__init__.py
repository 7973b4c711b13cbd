"""Looking inside: where a rendered picture has its texture from, and what discriminators look at.

* `attention`: what a model's local attention did while it rendered, taken down on the way.
* `origins`: from there, where every pixel came from.
* `drawings`, `canvas`, `layout`: maps as pictures, marks on pictures, pictures with titles on sheets.
* `pairs`, `sheet`, `page`: a pose transfer, inspected; as one picture, and as a page with hover.
* `clips`: the same of a sequence generator, over time.
* `discriminators`: Grad-CAM, saliency and activation maximisation, by tf-keras-vis.
* `files`: what the command `gfla inspect` writes.
"""

from __future__ import annotations
