"""Datasets: preparing, checking, showing, rendering and loading them."""
