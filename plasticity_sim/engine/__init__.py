"""Engines: each takes a batch of lanes of one model and returns samples and peaks."""
