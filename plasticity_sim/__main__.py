"""`python -m plasticity_sim`, for a checkout that is not installed."""

from plasticity_sim.cli import main

main()
