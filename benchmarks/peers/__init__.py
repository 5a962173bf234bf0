"""One program for each simulator; each reads a task as JSON, and none needs plasticity_sim."""
