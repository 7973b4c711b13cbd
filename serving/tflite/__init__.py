"""Models for phones: the networks restated in operations that TFLite runs fast, converted, reported on and verified.

* `blocks`, `attention`, `generators`, `motion`, `poses`: the networks' graphs once more, in other operations.
* `graphs`: what goes into each file, with its inputs and outputs by name.
* `convert`, `weights`: to a `.tflite`, with weights in fewer bits.
* `operations`, `timing`, `report`: what is in a file, what a delegate takes of it, and how long that takes.
* `examples`, `verification`, `export`: is it right, and all of it together.
"""
