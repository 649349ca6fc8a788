"""The run directory: `runs/<id>/` holds a training from its first click, and all processes share it.

Every file has one writer and is replaced whole or appended by whole lines, so a reader sees a consistent file, if an
old one; a reader never trusts a file to be undamaged.
"""
