"""The just-noticeable-difference test: how often do people take a generated picture for the real one?

A *study* (`study`) pairs generated pictures with real ones and plans who sees what. Raters answer in a browser, served
by `serve` or from a static folder that `export` writes; `report` gives each model's fooling rate with an interval.
"""
