"""A load generator: how fast a server answers, and how that changes with what is asked of it.

| module | idea |
|---|---|
| `generator` | closed and open loops |
| `measurement` | times, percentiles, errors |
| `samples` | requests without anybody's photo |
| `plot` | throughput and times over load, as SVG |
"""
