"""BlazePose, a small network that finds people and 33 landmarks of each, run without MediaPipe.

The two networks are in `models/`. Around them this package does what MediaPipe's graph does, in NumPy and OpenCV:

* `interpreter`: runs a network with the TensorFlow Lite interpreter at hand.
* `region`: rotated squares of a photo, cut out for a network and put back.
* `detector`: where people are in a square picture.
* `landmarks`: the joints and the outline of the one person in a region.
* `people`: all the people in a photo; goes beyond MediaPipe by looking for small people too.

`gfla_tf.pose.PoseEstimator` is the way in; these modules are its parts.
"""
