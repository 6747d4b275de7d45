"""Trains and exports the models of De-Diffusion."""
