"""Run directories: `runs/<id>/` holds a training from its submission on, and all processes share it.

Every file has one writer and is replaced as a whole or grows by whole lines, so readers always see a consistent file,
though perhaps an old one. Readers never assume that a file is undamaged.
"""
