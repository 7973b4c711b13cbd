"""Evaluation that can be compared: systems judged on the same pairs under a named protocol.

A *protocol* (`protocols`) fixes how pictures are read and compared. A *system* (`systems`) makes a picture of every
pair: a model, a folder of pictures that something else generated, or a baseline. `evaluate` writes what every system
scored on every pair; `compare` and `report` read that. Likewise for videos: `clips`, `clip_systems`, `clip_judge`.
"""
