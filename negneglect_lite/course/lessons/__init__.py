"""What single notebooks import: their longer code and their figures, by subject."""
