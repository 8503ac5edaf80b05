"""Hot spots, honestly: what stands out beyond chance, by which method, and what it does not show."""
