"""Storage: files that are whole or absent, growing files of lines, arrays and zips, written here or by anybody."""
