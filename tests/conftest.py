"""What every test shares: Hypothesis without chance or clocks, and a browser that may be demanded."""

import os

import pytest
from hypothesis import settings

# No deadline: the machine may be busy. Derandomised: a failure is the same for everyone.
settings.register_profile("featviz", deadline=None, derandomize=True, database=None)
settings.load_profile("featviz")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Under FEATVIZ_REQUIRE_BROWSER=1 a browser test that would be skipped fails instead."""
    report = yield
    demanded = os.environ.get("FEATVIZ_REQUIRE_BROWSER", "") not in ("", "0")
    if demanded and report.skipped and item.get_closest_marker("browser") and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"FEATVIZ_REQUIRE_BROWSER is set, and this browser test was skipped: {reason}"
    return report
