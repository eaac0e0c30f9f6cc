"""featviz.registry: built-ins, plug-ins and import paths by name."""

import collections
import sys
from importlib.metadata import EntryPoint

import pytest

from featviz import registry
from featviz.errors import FeatvizWarning, NameNotFound, WrongType
from featviz.registry import Registry, import_object, import_path, is_import_path

GROUP = "featviz.optimisers"


class Dist:
    name = "some-plugin"


class FakeEntryPoint(EntryPoint):
    @property
    def dist(self):
        return self.__dict__.get("owner")


def entry(name, value, owner=Dist):
    made = FakeEntryPoint(name, value, GROUP)
    made.__dict__["owner"] = owner
    return made


@pytest.fixture
def plugins(monkeypatch):
    """Installs fake entry points; each call replaces the last."""

    def install(*entries):
        monkeypatch.setattr(registry, "entry_points", lambda *, group: [e for e in entries if e.group == group])

    install()
    return install


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that can be imported by its name for one test."""
    monkeypatch.syspath_prepend(tmp_path)
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        written.append(name)

    yield write
    for name in written:
        sys.modules.pop(name, None)


@pytest.fixture
def optimisers(plugins):
    return Registry("optimiser", GROUP, {"counter": "collections:Counter", "chain": "collections:ChainMap"})


class TestImportPaths:
    @pytest.mark.parametrize("text", ["a:b", "a.b.c:d.e", "_a:_b", "a:make()", "naïve:café"])
    def test_recognised(self, text):
        assert is_import_path(text)

    @pytest.mark.parametrize(
        "text",
        ["", ":", "a", "a:", ":b", "a:b:c", "a.:b", ".a:b", "a..b:c", "1a:b", "a b:c", "a:b(1)", "a:b()()", "../a:b",
         "a/b:c", "a-b:c", "nevergrad:", "a:b\n", " a:b", "a:b.", "a:$(id)", "a:b;c"],
    )  # fmt: skip
    def test_not_recognised(self, text):
        assert not is_import_path(text)

    def test_an_attribute_of_an_attribute(self):
        assert import_object("collections:Counter.fromkeys") == collections.Counter.fromkeys
        assert import_object("collections.abc:Mapping") is collections.abc.Mapping

    def test_a_call(self, module):
        module("makes_things", "def make():\n    return 'made'\n\nclass Deep:\n    make = staticmethod(make)\n")
        assert import_object("makes_things:make()") == "made"
        assert import_object("makes_things:Deep.make()") == "made"

    def test_a_call_of_what_cannot_be_called(self, module):
        module("holds_value", "value = 3\n")
        with pytest.raises(WrongType, match=r"'holds_value:value\(\)' is a int.*leave out the \(\)"):
            import_object("holds_value:value()")

    @pytest.mark.parametrize("path", ["no_such_module_x:a", "no_such_module_x.y:a", "collections.nothing:a"])
    def test_a_module_that_is_not_there(self, path):
        with pytest.raises(NameNotFound, match=r"there is no module '.*' \(asked for as .*Python path"):
            import_object(path)

    def test_an_attribute_that_is_not_there(self):
        with pytest.raises(NameNotFound, match=r"no attribute 'Countr'\. Did you mean 'Counter'\?"):
            import_object("collections:Countr")

    @pytest.mark.parametrize("path", ["rm -rf", "", "a:b\x1b[2J"])
    def test_text_of_another_form(self, path):
        with pytest.raises(NameNotFound, match=r"expected 'package.module:attribute'") as caught:
            import_object(path)
        assert str(caught.value).isprintable()

    def test_what_is_missing_inside_the_module_is_not_blamed_on_its_name(self, module):
        module("needs_more", "import no_such_module_y\n")
        with pytest.raises(ModuleNotFoundError, match="no_such_module_y") as caught:
            import_object("needs_more:a")
        assert not isinstance(caught.value, NameNotFound)

    def test_an_error_inside_the_module_is_raised_as_it_is(self, module):
        module("divides", "1 / 0\n")
        with pytest.raises(ZeroDivisionError):
            import_object("divides:a")


class Outer:
    class Inner:
        pass

    def method(self):
        pass


class TestPathsOfObjects:
    @pytest.mark.parametrize(
        ("thing", "path"),
        [
            (collections.Counter, "collections:Counter"),
            (import_object, "featviz.registry:import_object"),
            (Outer.Inner, f"{__name__}:Outer.Inner"),
            (Outer.method, f"{__name__}:Outer.method"),
        ],
    )
    def test_lead_back_to_the_object(self, thing, path):
        assert import_path(thing) == path
        assert import_object(path) is thing

    def test_of_what_another_process_cannot_find(self):
        def local():
            pass

        typed = type("Typed", (), {"__module__": "__main__"})
        replaced = type("Counter", (), {"__module__": "collections"})
        for thing in (local, lambda: None, Outer().method, typed, replaced, 3, None, "text", Outer()):
            assert import_path(thing) is None


class TestBuiltIns:
    def test_by_name(self, optimisers):
        assert optimisers.get("counter") is collections.Counter
        assert optimisers.names() == ["counter", "chain"]

    def test_are_imported_when_first_asked_for_and_once(self, plugins, module):
        module("loaded_late", "made = []\n\nclass Late:\n    made.append(1)\n")
        late = Registry("optimiser", GROUP, {"late": "loaded_late:Late"})
        assert late.names() == ["late"]
        assert "loaded_late" not in sys.modules
        assert late.get("late") is late.get("late")
        assert sys.modules["loaded_late"].made == [1]

    def test_by_import_path(self, optimisers):
        assert optimisers.get("collections:OrderedDict") is collections.OrderedDict

    def test_an_unknown_name_lists_the_known_and_the_nearest(self, optimisers):
        with pytest.raises(NameNotFound) as caught:
            optimisers.get("Countr")
        assert str(caught.value) == (
            "there is no optimiser 'Countr'. There are: counter, chain; or give 'package.module:Name'. "
            "Did you mean 'counter'?"
        )

    @pytest.mark.parametrize("name", [None, 3, ["counter"], collections.Counter])
    def test_what_is_no_name(self, optimisers, name):
        with pytest.raises(WrongType, match=r"^the name of the optimiser must be text, but it is a"):
            optimisers.get(name)

    @pytest.mark.parametrize("name", ["", "../../x", "\x1b[31m", "a\u202eb", "</script>", "x" * 100_000])
    def test_hostile_names(self, optimisers, name):
        with pytest.raises(NameNotFound) as caught:
            optimisers.get(name)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 500


class TestPlugIns:
    def test_are_listed_after_the_built_ins_and_loaded(self, optimisers, plugins):
        plugins(entry("zeta", "collections:deque"), entry("alpha", "collections:UserDict"))
        assert optimisers.names() == ["counter", "chain", "alpha", "zeta"]
        assert optimisers.get("zeta") is collections.deque

    def test_of_another_group_are_not_seen(self, plugins):
        plugins(entry("zeta", "collections:deque"))
        assert Registry("objective", "featviz.objectives", {}).names() == []

    def test_cannot_take_the_name_of_a_built_in(self, optimisers, plugins):
        plugins(entry("counter", "collections:deque"))
        assert optimisers.get("counter") is collections.Counter
        assert optimisers.names() == ["counter", "chain"]

    @pytest.mark.parametrize(
        "text",
        [
            "raise RuntimeError('it is broken')",
            "import sys; sys.exit('it is broken')",
            "raise ImportError('it is broken')",
        ],
    )
    def test_a_broken_one_warns_with_its_distribution_and_breaks_nothing_else(self, optimisers, plugins, module, text):
        module("broken_plugin", text + "\n")
        plugins(entry("broken", "broken_plugin:Thing"), entry("good", "collections:deque"))
        assert optimisers.get("good") is collections.deque
        assert optimisers.names() == ["counter", "chain", "broken", "good"]
        warned = pytest.warns(FeatvizWarning, match="plug-in 'broken' of some-plugin could not be loaded.*it is broken")
        with warned as caught, pytest.raises(NameNotFound) as error:
            optimisers.get("broken")
        assert caught[0].filename == __file__
        assert str(error.value).endswith("There are: counter, chain, good; or give 'package.module:Name'.")
        assert optimisers.get("counter") is collections.Counter

    def test_a_broken_one_of_nobody(self, optimisers, plugins):
        plugins(entry("broken", "no_such_module_z:Thing", owner=None))
        with (
            pytest.warns(FeatvizWarning, match="of an unknown distribution could not be loaded: ModuleNotFoundError"),
            pytest.raises(NameNotFound),
        ):
            optimisers.get("broken")

    def test_a_sound_one_of_the_same_name_is_found_behind_a_broken_one(self, optimisers, plugins):
        plugins(entry("twice", "no_such_module_z:Thing"), entry("twice", "collections:deque"))
        with pytest.warns(FeatvizWarning, match="some-plugin"):
            assert optimisers.get("twice") is collections.deque

    def test_none_is_looked_for_where_a_built_in_has_the_name(self, optimisers, plugins, monkeypatch):
        plugins(entry("good", "collections:deque"))
        assert "good" in optimisers
        assert "bad" not in optimisers
        monkeypatch.setattr(registry, "entry_points", None)
        assert "counter" in optimisers

    def test_a_hostile_name_is_shown_escaped(self, optimisers, plugins):
        plugins(entry("a\u202eb", "collections:deque"))
        with pytest.raises(NameNotFound) as caught:
            optimisers.get("nothing")
        assert str(caught.value).isprintable()
