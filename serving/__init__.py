"""Serving: SavedModels for TensorFlow Serving, and what stands around them.

`python -m serving export MODEL --output DIR` writes a model whose graph does everything from a photo's bytes to a
picture's bytes, so that clients need no code of this project. See serving/README.md.
"""
