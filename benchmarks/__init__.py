"""How fast the simulators of stiff equations are, at matched error; `make bench` runs it all."""
