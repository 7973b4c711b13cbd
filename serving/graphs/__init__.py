"""The graphs that are exported: all that lies between a request and its answer, in stock TensorFlow operations.

What `gfla_tf` does with a photo in Python is done here inside the graph, element by element of a batch:

* `headers`, `orientation`: what a picture file says of itself;
* `photos`: files to the network's picture and back;
* `framing`: the part of a photo that the network sees;
* `skeletons`: drawn skeletons;
* `person`, `sequence`, `motion`: the served models.
"""
