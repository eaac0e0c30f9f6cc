"""``python -m featviz``: the command line, also from a checkout that is not installed."""

from featviz.cli.main import run_cli

if __name__ == "__main__":
    run_cli()
