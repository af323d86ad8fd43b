"""Benchmarks: `make bench` runs each module of this folder that has a `main`."""
