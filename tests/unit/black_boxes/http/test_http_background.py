"""Boxes in threads, in a loop that runs already, and in a process that was forked."""

import asyncio
import gc
import logging
import os
import threading

import numpy as np
import pytest
from http_services import brightness, serving

import featviz as fv

FAST = {"timeout": 5.0, "retries": 1, "backoff": 0.01}


def box_at(url, **options):
    return fv.black_box(url, request={"instances": "{inputs}"}, answer="predictions.*.score", **FAST, **options)


def test_several_threads_share_a_box():
    with serving(brightness) as service:
        box = box_at(service.url)
        answers = {}

        def ask(i):
            answers[i] = box(np.full((2, 3), float(i)))[:, 0].tolist()

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert answers == {i: [i, i] for i in range(12)}
        assert box.usage()["requests"] == 12
        assert len(service.connections) <= 8


def test_inside_a_running_loop_as_in_a_notebook():
    with serving(brightness) as service:
        box = box_at(service.url)

        async def cell():
            return box(np.ones((2, 3)))

        assert asyncio.run(cell()).tolist() == [[1], [1]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_asks_on_its_own():
    with serving(brightness) as service:
        box = box_at(service.url)
        box(np.ones((2, 3)))
        child = os.fork()
        if child == 0:
            try:
                fine = box(np.full((2, 3), 2.0)).tolist() == [[2], [2]]
            finally:
                os._exit(0 if fine else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert box(np.ones((2, 3))).tolist() == [[1], [1]]


def test_a_box_that_is_gone_leaves_no_filter_in_the_logs(monkeypatch):
    monkeypatch.setenv("KEY_FOR_TEST", "0123456789")
    gc.collect()
    before = len(logging.getLogger("httpx").filters)
    box = box_at("http://127.0.0.1:1", key_env="KEY_FOR_TEST")
    assert len(logging.getLogger("httpx").filters) == before + 1
    del box
    gc.collect()
    assert len(logging.getLogger("httpx").filters) == before


def test_close_may_come_at_any_time():
    with serving(brightness) as service:
        with box_at(service.url) as box:
            box.close()
            assert box(np.ones((1, 3))).tolist() == [[1]]
        box.close()
        assert box(np.ones((1, 3))).tolist() == [[1]]
