"""What every test shares: Hypothesis without chance or clocks, and a browser that may be demanded."""

import os
import signal

import pytest
from hypothesis import settings

# A shell that starts this in the background has it ignore Ctrl-C, and so would every process that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: the machine may be busy. Derandomised: a failure is the same for everyone.
settings.register_profile("featviz", deadline=None, derandomize=True, database=None)
settings.load_profile("featviz")


def browser_demanded():
    return os.environ.get("FEATVIZ_REQUIRE_BROWSER", "") not in ("", "0")


def fail_instead(report):
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"FEATVIZ_REQUIRE_BROWSER is set, and this was to be skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Under FEATVIZ_REQUIRE_BROWSER=1 a browser test that would be skipped fails instead."""
    report = yield
    expected = hasattr(report, "wasxfail")  # which is reported as skipped too
    if report.skipped and not expected and item.get_closest_marker("browser") and browser_demanded():
        fail_instead(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """The same for a whole module that skips itself, which has no markers yet."""
    report = yield
    module = report.skipped and isinstance(collector, pytest.Module)
    if module and browser_demanded() and "pytest.mark.browser" in collector.path.read_text(encoding="utf-8"):
        fail_instead(report)
    return report
