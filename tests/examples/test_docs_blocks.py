"""Every block of code in README.md and docs/ is run or checked, in the order in which a reader meets it.

One document is one test with one empty folder. In it

- ``python`` blocks run one after another in one namespace;
- a ``python`` or ``toml`` block whose first line is only a comment with a file name (``# detector.py``) is written to
  that file, for later blocks to use; other ``toml`` blocks must parse;
- shell lines that begin with ``featviz`` are run and must succeed (``featviz demo``, which takes minutes, is asked for
  ``--help`` with its options); ``make`` must name targets that exist, ``pip install`` extras that exist, ``python``
  a script that exists;
- a block that follows ``<!-- not run: REASON -->`` is left out.
"""

import dataclasses
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL = ("bash", "sh", "shell", "console")
RUN = (*SHELL, "python", "toml")

FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,}|~{3,}) *(?P<language>[\w+-]*)")
NOT_RUN = re.compile(r"^<!-- *not run(?P<colon>:)? *(?P<reason>.*?) *-->$")
FILE_NAME = re.compile(r"^# ([\w-]+\.(?:py|toml))$")


@dataclasses.dataclass
class Block:
    """A fenced block of a document."""

    language: str
    text: str
    line: int  # of its first line of text, from 1
    not_run: str | None  # the reason


class Wrong(AssertionError):
    """A block that does not do what the document says."""


def blocks_of(text):
    """The fenced blocks of a document in Markdown."""
    found, lines, i, not_run = [], text.splitlines(), 0, None
    while i < len(lines):
        mark, fence = NOT_RUN.match(lines[i].strip()), FENCE.match(lines[i])
        if mark:
            if not (mark["colon"] and mark["reason"]):
                raise Wrong(f"line {i + 1}: say why: <!-- not run: REASON -->")
            not_run = mark["reason"]
        elif fence:
            first = i = i + 1
            while i < len(lines) and lines[i].strip() != fence["marks"]:
                i += 1
            if i == len(lines):
                raise Wrong(f"line {first}: the block is never closed")
            body = "\n".join(line.removeprefix(fence["indent"]) for line in lines[first:i])
            found.append(Block(fence["language"].lower(), body, first + 1, not_run))
            not_run = None
        elif lines[i].strip() and not_run:
            raise Wrong(f"line {i + 1}: 'not run' must stand directly before a block")
        i += 1
    return found


def commands_of(text):
    """The commands of a shell block as lists of words, without prompts, comments, output and variables set before."""
    lines = text.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    for line in lines:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;")
        lexer.whitespace_split = True
        words = []
        for token in [*lexer, "&&"]:
            if token in ("&&", ";"):
                while words and re.match(r"^[A-Z_]+=", words[0]):
                    words.pop(0)
                if words:
                    yield words
                words = []
            else:
                words.append(token)


class Reader:
    """Someone who follows a document to the letter, in one folder."""

    def __init__(self, document, folder):
        self.document = document
        self.folder = folder
        self.namespace = {"__name__": "__main__"}

    def follow(self, block):
        """Do what ``block`` says."""
        named = FILE_NAME.match(block.text.split("\n", 1)[0])
        if block.language == "toml":
            tomllib.loads(block.text)
        if named and block.language in ("python", "toml"):
            (self.folder / named[1]).write_text(block.text + "\n", encoding="utf-8")
        elif block.language == "python":
            # Blank lines in front make a traceback name the line of the document.
            code = compile("\n" * (block.line - 1) + block.text, str(self.document), "exec")
            exec(code, self.namespace)
        elif block.language in SHELL:
            for words in commands_of(block.text):
                self.command(words)

    def command(self, words):
        """Run or check one command."""
        program, *rest = words
        if program == "featviz":
            self.featviz(rest)
        elif program == "make":
            check_make(rest)
        elif program in ("pip", "pip3"):
            check_pip(rest)
        elif program in ("python", "python3") and rest[:2] == ["-m", "pip"]:
            check_pip(rest[2:])
        elif program in ("python", "python3") and rest[:2] == ["-m", "featviz"]:
            self.featviz(rest[2:])
        elif program in ("python", "python3") and rest and not rest[0].startswith("-"):
            self.python(rest)
        elif program not in ("cd",) and words[:2] != ["git", "clone"]:
            raise Wrong(f"no way to check {shlex.join(words)!r} is known; if none is needed: <!-- not run: REASON -->")

    def featviz(self, words):
        asked = [*words, "--help"] if words[:1] == ["demo"] else words
        self.run(["-m", "featviz", *asked])

    def python(self, words):
        if (self.folder / words[0]).is_file():
            self.run(words)
        elif not (ROOT / words[0]).is_file():
            raise Wrong(f"there is no script {words[0]!r}")

    def run(self, words):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(self.folder)])}
        ran = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=env, capture_output=True, text=True, check=False, timeout=600
        )
        if ran.returncode:
            raise Wrong(f"{shlex.join(words)} ended with {ran.returncode}:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")


def check_make(words):
    """Every word must be a target of the Makefile or set a variable."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for word in words:
        if "=" not in word and word not in targets:
            raise Wrong(f"make has no target {word!r}; it has {sorted(targets)}")


def check_pip(words):
    """Only installations, and only of extras that pyproject.toml declares."""
    if words[:1] != ["install"]:
        raise Wrong(f"no way to check 'pip {shlex.join(words)}' is known")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for word in words[1:]:
        wanted = re.match(r"^(?:featviz|\.)\[([\w,-]+)\]", word)
        for extra in wanted[1].split(",") if wanted else []:
            if extra not in project["optional-dependencies"]:
                raise Wrong(f"pyproject.toml declares no extra {extra!r}")


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_document(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    reader = Reader(document, tmp_path)
    for block in blocks_of(document.read_text(encoding="utf-8")):
        if block.language in RUN and not block.not_run:
            try:
                reader.follow(block)
            except Exception as error:
                raise Wrong(f"{document.relative_to(ROOT)}:{block.line}: {type(error).__name__}: {error}") from error


class TestReader:
    """That a wrong document fails."""

    def follow(self, folder, text):
        reader = Reader(Path("test.md"), folder)
        for block in blocks_of(text):
            if not block.not_run:
                reader.follow(block)
        return reader

    def test_python_blocks_share_one_namespace(self, tmp_path):
        reader = self.follow(tmp_path, "```python\nx = 1\n```\ntext\n\n```python\ny = x + 1\n```\n")
        assert reader.namespace["y"] == 2

    def test_a_failing_block_fails_at_its_line(self, tmp_path):
        with pytest.raises(ZeroDivisionError) as caught:
            self.follow(tmp_path, "# title\n\n```python\nx = 0\n1 / x\n```\n")
        assert caught.traceback[-1].lineno + 1 == 5

    def test_named_blocks_are_written_and_can_be_imported(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(tmp_path)
        reader = self.follow(
            tmp_path,
            "```python\n# written_by_a_document.py\nvalue = 3\n```\n```toml\n# run.toml\na = 1\n```\n"
            "```python\nfrom written_by_a_document import value\n```\n```sh\npython written_by_a_document.py\n```\n",
        )
        assert reader.namespace["value"] == 3
        assert (tmp_path / "run.toml").read_text() == "# run.toml\na = 1\n"
        sys.modules.pop("written_by_a_document")

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("```sh\nmake nothing\n```", "no target 'nothing'"),
            ("```sh\nmake test && make nothing\n```", "no target 'nothing'"),
            ("```sh\npip install 'featviz[nothing]'\n```", "no extra 'nothing'"),
            ("```bash\npython -m pip install -e '.[demo,nothing]'\n```", "no extra 'nothing'"),
            ("```sh\nrm -rf x\n```", "no way to check 'rm -rf x'"),
            ("```sh\npip uninstall x\n```", "no way to check"),
            ("```sh\npython no_such_script.py\n```", "no script"),
            ("```python\nx = 1\n", "never closed"),
            ("<!-- not run -->\n```python\n1 / 0\n```", "say why"),
            ("<!-- not run: -->\n```python\n1 / 0\n```", "say why"),
            ("<!-- not run: needs a GPU -->\nsome text\n```python\n1\n```", "directly before a block"),
        ],
    )
    def test_wrong_documents(self, tmp_path, text, says):
        with pytest.raises(Wrong, match=re.escape(says)):
            self.follow(tmp_path, text)

    def test_a_wrong_toml_block(self, tmp_path):
        with pytest.raises(tomllib.TOMLDecodeError):
            self.follow(tmp_path, "```toml\na = \n```")

    def test_a_failing_script(self, tmp_path):
        with pytest.raises(Wrong, match=r"fails\.py ended with 3"):
            self.follow(tmp_path, "```python\n# fails.py\nraise SystemExit(3)\n```\n```sh\npython fails.py\n```")

    def test_a_failing_featviz_command(self, tmp_path):
        with pytest.raises(Wrong, match="no-such-command ended with"):
            self.follow(tmp_path, "```sh\nfeatviz no-such-command\n```")

    def test_right_documents(self, tmp_path):
        self.follow(
            tmp_path,
            "```console\n$ git clone https://example.org/featviz && cd featviz\nCloning...\n$ make demo  # why\n```\n"
            "  ```sh\n  OMP_NUM_THREADS=1 make test \\\n    PYTEST_ARGS='-k latent'\n"
            "  pip install 'featviz[demo,onnx]'\n  ```\n"
            "<!-- not run: it divides by zero -->\n\n```python\n1 / 0\n```\n",
        )
