"""Inputs and what is shown of them as files of other programs, and as text; nothing here knows of runs or searches.

- :mod:`featviz.formats.files`: regular files of a bearable size, written whole;
- :mod:`featviz.formats.csv_text` and :mod:`featviz.formats.json_text`: tables and values as text;
- :mod:`featviz.formats.block_files`: what a space renders, as PNG, text, JSON, CSV or npy;
- :mod:`featviz.formats.input_files`: inputs themselves, to be read back equal.
"""
