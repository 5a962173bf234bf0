"""Rosenbrock methods: stiff equations solved with an error estimate and no iteration."""
