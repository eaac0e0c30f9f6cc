"""The command line: ``featviz demo, run, resume, list, show, gallery``.

- :mod:`featviz.cli.main`: the group, how errors are shown, and the exit codes;
- :mod:`featviz.cli.searching`: commands that evaluate;
- :mod:`featviz.cli.reading`: commands that only read runs.
"""
