"""What a bench leaves: a table of all outcomes, the matrix as a picture, a page to look into."""

from plasticity_sim.report.matrix import draw_matrix, matrix
from plasticity_sim.report.page import write_page
from plasticity_sim.report.table import write_table

__all__ = ["draw_matrix", "matrix", "write_page", "write_table"]
