"""A scripted person at the rating page: looks at what is shown, and answers by keyboard only."""

import threading
import time

SHADE = """() => [...document.querySelectorAll("#asking img")].map((img) => {
  const canvas = document.createElement("canvas");
  canvas.width = img.naturalWidth; canvas.height = img.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(img, 0, 0);
  const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
  return sum / (data.length / 4) / 3 / 255;
})"""


def rate(shades):
    """The darker, the higher, from 1 to 7."""
    return str(round(min(7, max(1, 7 - 10 * (shades[0] - 0.25)))))


def choose(shades):
    """The darker of two; the left and right arrows do as well as letters."""
    left, right = shades
    if abs(left - right) < 0.002:
        return "n"
    return ("ArrowLeft" if left < right else "ArrowRight") if int(left * 1000) % 2 else ("a" if left < right else "b")


class Person:
    """Answers at ``page`` by ``rule``, from the mean shades of the pictures to a key."""

    def __init__(self, page, rule):
        self.page, self.rule = page, rule
        self.asked = []

    def state(self):
        return self.page.evaluate("document.body.dataset.state")

    def wait_until(self, *states, seconds=20):
        wanted = ", ".join(f'body[data-state="{state}"]' for state in states)
        self.page.wait_for_selector(wanted, timeout=seconds * 1000)
        return self.state()

    def answer_one(self):
        """Answers the open question and waits for what comes behind it."""
        question = self.page.evaluate("document.body.dataset.question")
        self.page.wait_for_function("() => [...document.querySelectorAll('#asking img')].every((img) => img.complete)")
        shades = self.page.evaluate(SHADE)
        self.asked.append(tuple(round(shade, 4) for shade in shades))
        self.page.keyboard.press(self.rule(shades))
        self.page.wait_for_function("(before) => document.body.dataset.question !== before", arg=question)

    def answer_until(self, state, most=400):
        for _ in range(most):
            if self.wait_until("asking", state) == state:
                return
            self.answer_one()
        raise AssertionError(f"{most} answers, and the page is not {state}")


class Searching(threading.Thread):
    """A search in a thread of its own; ``result`` is what it returned, ``error`` what it raised."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self._work = work
        self.result = self.error = None
        self.start()

    def run(self):
        try:
            self.result = self._work()
        except BaseException as error:  # noqa: BLE001  handed to the test
            self.error = error

    def finish(self, seconds=30):
        self.join(seconds)
        assert not self.is_alive(), "the search still waits"
        if self.error is not None:
            raise self.error
        return self.result


def address_of(box, seconds=10):
    """The address, once there is one."""
    until = time.monotonic() + seconds
    while box.address is None and time.monotonic() < until:
        time.sleep(0.01)
    assert box.address, "the page was never served"
    return box.address
