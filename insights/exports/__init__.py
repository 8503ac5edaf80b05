"""Reports to take away: public fields only, in constant memory whatever their number."""
