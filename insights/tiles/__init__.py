"""Vector tiles: units of any day, and public reports, for maps of others and for GIS programs."""
