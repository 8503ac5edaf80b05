"""Figures that add up: cells of counts by month and unit, kept beside the reports, and how they are read."""
