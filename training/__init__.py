"""Training of the networks in `gfla_tf`: data, stages, configurations. Run as `python -m training`."""
