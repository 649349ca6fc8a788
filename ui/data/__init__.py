"""The Data page: images, statistics, a map, and data sets that visitors upload."""
