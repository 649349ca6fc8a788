"""Storage: atomic files, growing files of JSON lines, NumPy arrays and zips, none of them trusted when read."""
