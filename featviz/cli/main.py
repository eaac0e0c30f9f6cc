"""The ``featviz`` command: its group, and how errors become messages and exit codes."""

import signal
import sys
import traceback
import warnings
from types import FrameType
from typing import Any

import click

from featviz import errors
from featviz.cli import catalogue, reading, searching
from featviz.text import first_line, visible
from featviz.version import VERSION

__all__ = ["cli", "run_cli"]

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_FAILURE_BUDGET = 3
EXIT_INTERRUPTED = 130

# What the user can mend by giving something else.
_BAD_INPUT = (
    errors.InvalidArgument,
    errors.InvalidConfig,
    errors.WrongType,
    errors.NameNotFound,
    errors.OutputNotFound,
    errors.RunNotFound,
    errors.RunExists,
    errors.RunMismatch,
    errors.SpaceError,
    errors.BoxError,
    errors.IncompatibleOptimiser,
    errors.MissingDependency,
)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 failed; 2 bad input, nothing was done; 3 stopped because too many evaluations "
    "failed (resumable); 130 interrupted (resumable).",
)
@click.version_option(VERSION, prog_name="featviz")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Find the inputs that a black box responds to most, without gradients."""
    del debug  # read by run_cli, so that it also covers errors outside of any command


for command in (
    searching.demo,
    searching.run,
    searching.resume,
    reading.list_runs,
    reading.show,
    reading.gallery,
    catalogue.spaces,
    catalogue.optimisers,
    catalogue.check,
):
    cli.add_command(command)


def run_cli(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code. No error shows a traceback unless ``--debug`` is given."""
    given = sys.argv[1:] if arguments is None else arguments
    # Names may hold what the terminal's encoding cannot show.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(_run(given, "--debug" in given))


def _run(arguments: list[str], debug: bool) -> int:
    output = sys.stdout
    try:
        code = cli.main(arguments, prog_name="featviz", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt) as interrupt:
        # click raises its own exception from the one that holds our note.
        notes = getattr(interrupt.__cause__ or interrupt, "__notes__", [])
        return _say(" ".join(["interrupted.", *notes]), EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return EXIT_BAD_INPUT
    except SystemExit as stop:
        # Where its output was closed, as by `| head`, click puts another one in its place and asks for one; otherwise
        # it is the user's code that does.
        if sys.stdout is not output:
            return EXIT_FAILED
        return _say(f"the box or the space called sys.exit({visible(stop.code, 60)}).", EXIT_FAILED)
    except BaseException as error:  # noqa: BLE001  every error becomes a message, also a box's own kind of it
        if debug:
            traceback.print_exc()
        return _say(_message(error, debug), _exit_code(error))
    return code if isinstance(code, int) else 0


def _message(error: BaseException, debug: bool) -> str:
    notes = "".join(f" {note}" for note in getattr(error, "__notes__", []))
    if isinstance(error, errors.FeatvizError):
        return f"{type(error).__name__}: {visible(str(error), 2000)}{notes}"
    hint = "" if debug else " Run the same command with --debug in front of its name to see where."
    return f"{first_line(error, 1000)}{notes}{hint}"


def _exit_code(error: BaseException) -> int:
    if isinstance(error, errors.FailureBudgetExceeded):
        return EXIT_FAILURE_BUDGET
    done = any(note.startswith(searching.KEPT) for note in getattr(error, "__notes__", []))
    return EXIT_BAD_INPUT if isinstance(error, _BAD_INPUT) and not done else EXIT_FAILED


def _say(message: str, code: int) -> int:
    click.echo(f"featviz: {message}", err=True)
    return code


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"featviz: warning: {visible(str(message), 1000)}", err=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
