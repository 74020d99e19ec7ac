"""The command line as its contract says: options, language, JSON, exit codes, questions."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from workspaces import Clock, hand_over, make_workspace

from harvester import commands
from harvester.cli import FIRST_WINS, code_of, exit_code, main
from harvester.errors import (
    ConfigurationError,
    OpendataError,
    PolicyRefused,
    PortalUnavailable,
    PublicationRefused,
    RunLocked,
    SourceChanged,
    SourceUnavailable,
    UsageRefused,
)
from harvester.i18n import Text
from harvester.parameters import parser
from harvester.usage import paragraphs

Call = Callable[..., tuple[int, str, str]]
PUBLISH = ("publish", "t.csv", "--agency", "so-y-te", "--title", "Danh sách thử")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("ma,ten\n1,Một\n2,Hai\n", "utf-8")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs one command: exit code, stdout, stderr."""

    def called(*words: str, clock: Callable = Clock(), **environ: str) -> tuple[int, str, str]:
        code = main(words, clock=clock, environ=environ)
        return code, *capsys.readouterr()

    return called


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = make_workspace(tmp_path / "w")
    hand_over(folder, "tram-y-te")
    return folder


# ---------------------------------------------------------------- options, before and after


@pytest.mark.parametrize(
    "words",
    [
        ["-C", "w", "--json", "--lang", "en", "-q", "sources"],
        ["sources", "-C", "w", "--json", "--lang", "en", "-q"],
        ["--json", "sources", "--workspace=w", "--lang=en", "-v"],
        ["-Cw", "sources", "--json"],
    ],
    ids=" ".join,
)
def test_common_options_stand_before_and_after_the_command(call: Call, workspace: Path, words: list[str]):
    code, out, err = call(*words)
    assert (code, err) == (0, "")
    assert [source["id"] for source in json.loads(out)["sources"]] == ["so-y-te"]


def test_a_common_option_that_is_the_value_of_another_stays_its_value(call: Call, workspace: Path):
    code, out, _ = call(*PUBLISH[:4], "--title", "--json", "-C", "w", "--dry-run", "--json")
    assert code == 0
    assert json.loads(out)["dataset"].startswith("so-y-te-json-")


def test_nothing_after_two_dashes_is_an_option(call: Call, workspace: Path):
    code, _, err = call("-C", "w", "run", "--", "--json", LANG="en")
    assert code == 2
    assert "“--json”" in err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["runn"], "USE-011", "opendata run"),
        (["run", "--dry-rum"], "USE-012", "--dry-run"),
        (["publish", "t.csv"], "USE-013", "--agency"),
        (["init"], "USE-013", "DIR"),
        (["run", "--lang"], "USE-014", "--lang"),
        (["run", "--json=yes"], "USE-014", "--json"),
        (["datasets", "x", "y"], "USE-010", "x y"),
        (["run", "--lang", "fr"], "USE-004", "vi, en"),
        (["run", "-C", ""], "USE-005", "-C"),
        (["stats", "--as-of", "31/02/2026"], "USE-001", "31/02/2026"),
        (["stats", "--known-at", "yesterday"], "USE-002", "yesterday"),
        (["check", "t.csv", "--limit-errors", "-1"], "USE-003", "--limit-errors"),
        (["check", "t.csv", "--engine", "frictionles"], "USE-004", "frictionless"),
        (["check", "t.csv", "--schema", "none.json"], "USE-024", "none.json"),
        (["check", "t.csv", "--schema", "t.csv"], "USE-024", "t.csv"),
        (["init", "x", "--portal", "cka"], "USE-004", "ckan"),
        (
            ["decide", "x", "--verdict", "yes", "--document", "1", "--author", "A", "--reason", "R", "--yes"],
            "USE-004",
            "met",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_said_in_both_languages_and_exits_2(call: Call, words: list[str], code: str, told: str):
    for language in ("vi", "en"):
        exited, out, err = call(*words, "--json", LANG=language)
        error = json.loads(out)["error"]
        assert (exited, err, error["code"], error["place"]) == (2, "", code, None)
        assert told in error["message"] + error["remedy"]


def test_no_command_shows_the_help_and_is_wrong_usage(call: Call):
    code, out, err = call()
    assert (code, out) == (2, "")
    assert "demo" in err
    code, out, _ = call("--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "USE-015")


# ---------------------------------------------------------------- language


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "vi"),
        ({"LANG": "C"}, "vi"),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, "vi"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LC_MESSAGES": "en", "LANG": "vi_VN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "en_GB"}, "en"),
        ({"LANG": "fr_FR"}, "vi"),
    ],
    ids=str,
)
def test_the_language_is_the_locales_and_vietnamese_where_that_says_nothing(call: Call, environ, language):
    _, _, err = call("sources", **environ)
    assert err.startswith({"vi": "Lỗi", "en": "Error"}[language])


def test_lang_wins_over_the_locale(call: Call):
    assert call("sources", "--lang", "vi", LANG="en")[2].startswith("Lỗi")
    assert call("--lang=en", "sources")[2].startswith("Error")


def test_every_word_of_help_is_said_in_vietnamese():
    group = parser()
    said = []
    for command in (group, *group.commands.values()):
        said += paragraphs(command)
        said += [Text(command.rich_help_panel, {})] if command.rich_help_panel else []
        context = command.make_context("opendata", [], resilient_parsing=True)
        said += [Text(param.help, {}) for param in command.get_params(context) if param.help]
    assert len(said) > 50
    assert [text.id for text in said if text.render("vi") == text.id] == []


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("command", ["", *sorted(parser().commands)])
def test_help_fits_80_columns(call: Call, command: str, language: str):
    code, out, err = call(*filter(None, [command]), "--help", "--lang", language)
    assert (code, err) == (0, "")
    assert out.startswith({"vi": "Cách dùng: opendata", "en": "Usage: opendata"}[language])
    assert [line for line in out.splitlines() if cell_len(line) > 80] == []


def test_help_is_one_object_with_json(call: Call):
    code, out, _ = call("run", "-h", "--json")
    assert (code, list(json.loads(out))) == (0, ["help"])


def test_completion_knows_commands_options_values_and_agencies(monkeypatch: pytest.MonkeyPatch, capsys):
    def completed(line: str) -> str:
        monkeypatch.setenv("_OPENDATA_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        with pytest.raises(SystemExit) as ended:
            main([], environ={"_OPENDATA_COMPLETE": "complete_bash"})
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert "withdraw" in completed("opendata wi")
    assert "--json" in completed("opendata run --js")
    assert "ckan" in completed("opendata init x --portal ck")
    assert "so-y-te" in completed("opendata publish x --agency so-y")


# ---------------------------------------------------------------- the workspace


def test_the_workspace_is_named_or_in_the_environment_or_here(call: Call, workspace: Path, monkeypatch):
    assert call("sources", "-C", "w")[0] == 0
    assert call("sources", OPENDATA_WORKSPACE=str(workspace))[0] == 0
    monkeypatch.chdir(workspace)
    assert call("sources")[0] == 0
    assert call("sources", "-C", str(workspace.parent))[0] == 3  # what is named wins, even if it is none


def test_without_a_workspace_is_exit_3_saying_so(call: Call):
    code, out, _ = call("run", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (3, "USE-021")
    code, out, _ = call("stats", "-C", "nowhere", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (3, "USE-022")


def test_init_check_and_doctor_need_no_workspace(call: Call):
    assert call("check", "t.csv", "--json")[0] == 0
    assert call("doctor", "--json")[0] == 0
    assert call("init", "new", "--json")[0] == 0
    code, out, _ = call("init", "new", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "CFG-015")


def test_a_broken_configuration_names_its_place(call: Call, workspace: Path):
    (workspace / "config" / "portal.toml").write_text('kind = "catalogue"\ntitel = "x"\n')
    code, out, err = call("sources", "-C", "w", "--json")
    error = json.loads(out)["error"]
    assert (code, err) == (3, "")
    assert error["place"]["file"] == "config/portal.toml"


def test_stats_works_before_the_first_run(call: Call, workspace: Path):
    code, out, _ = call("-C", "w", "stats", "--as-of", "2024-06-30", "--json")
    first = json.loads(out)["targets"][0]
    assert (code, first["in_scope"], first["needed"], first["unknown"]) == (0, 42, 9, 42)


def test_stats_shows_one_target(call: Call, workspace: Path):
    code, out, _ = call("-C", "w", "stats", "--json")
    wanted = json.loads(out)["targets"][1]["id"]
    code, out, _ = call("-C", "w", "stats", "--json", "--target", wanted)
    assert (code, [target["id"] for target in json.loads(out)["targets"]]) == (0, [wanted])
    code, out, _ = call("-C", "w", "stats", "--json", "--target", "none")
    assert (code, json.loads(out)["error"]["code"]) == (2, "USE-004")


# ---------------------------------------------------------------- exit codes, errors, bugs


@pytest.mark.parametrize(
    ("codes", "wins"),
    [([], 0), ([0, 1], 1), ([1, 5], 5), ([5, 4], 4), ([4, 6], 6), ([6, 3], 3), ([3, 2], 2), ([2, 130], 130)],
)
def test_the_first_exit_code_in_the_contracts_order_wins(codes: list[int], wins: int):
    assert exit_code(codes) == exit_code(reversed(codes)) == wins
    assert exit_code(FIRST_WINS) == 130


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UsageRefused, 2),
        (ConfigurationError, 3),
        (RunLocked, 6),
        (PortalUnavailable, 4),
        (SourceUnavailable, 4),
        (SourceChanged, 1),
        (PolicyRefused, 5),
        (PublicationRefused, 5),
        (OpendataError, 1),
    ],
)
def test_an_error_has_its_exit_code(kind: type[OpendataError], code: int):
    assert code_of(kind("X-1", Text("", {}), Text("", {}))) == code


def broken(*arguments: object, **options: object) -> None:
    raise KeyError("040099012345")


def stopped(*arguments: object, **options: object) -> None:
    raise KeyboardInterrupt


def test_a_bug_is_one_object_too_and_shows_no_data_without_debug(call: Call, workspace: Path, monkeypatch):
    monkeypatch.setattr("harvester.listing.sources", broken)
    code, out, err = call("-C", "w", "sources", "--json")
    assert (code, err, json.loads(out)["error"]["code"]) == (1, "", "BUG-001")
    code, out, err = call("-C", "w", "sources")
    assert (code, out) == (1, "")
    assert "BUG-001" in err
    assert "040099012345" not in err
    code, out, err = call("-C", "w", "sources", "--debug", "--json")
    assert "Traceback" in err
    assert json.loads(out)["error"]["code"] == "BUG-001"


def test_an_error_shows_its_traceback_with_debug_only(call: Call):
    assert "Traceback" not in call("sources")[2]
    assert "Traceback" in call("sources", "--debug")[2]


def test_ctrl_c_is_exit_130_with_one_sentence(call: Call, workspace: Path, monkeypatch):
    monkeypatch.setattr("harvester.listing.sources", stopped)
    code, out, err = call("-C", "w", "sources", "--lang", "en")
    assert (code, out) == (130, "")
    assert "Stopped" in err
    assert json.loads(call("-C", "w", "sources", "--json")[1])["error"]["code"] == "USE-130"


def test_a_reader_that_goes_away_changes_no_exit_code(call: Call, workspace: Path, monkeypatch, tmp_path: Path):
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def fileno(self) -> int:
            return self.behind.fileno()

    closed = Closed()
    with (tmp_path / "behind").open("w") as closed.behind:
        monkeypatch.setattr("sys.stdout", closed)
        assert main(["-C", "w", "sources"], clock=Clock(), environ={}) == 0
        assert main(["-C", "w", "sources", "--json"], clock=Clock(), environ={}) == 0


def test_output_is_utf_8_whatever_the_locale(workspace: Path, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    assert main(["-C", "w", "datasets", "--json", "--agency", "Sở Y tế"], clock=Clock(), environ={}) == 0
    assert main(["-C", "w", "sources"], clock=Clock(), environ={}) == 0
    assert "Sở Y tế" in stream.buffer.getvalue().decode()


# ---------------------------------------------------------------- asking back

ASKING = [
    PUBLISH,
    ("withdraw", "x", "--reason", "r"),
    ("rollback", "x", "--reason", "r"),
    ("decide", "x", "--verdict", "met", "--document", "d", "--author", "a", "--reason", "r"),
]


@pytest.mark.parametrize("words", ASKING, ids=lambda words: words[0])
def test_without_a_terminal_nothing_is_asked_and_nothing_done(call: Call, workspace: Path, words: tuple[str, ...]):
    code, out, _ = call("-C", "w", *words, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "USE-020")
    assert not (workspace / "state.db").exists()


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> Terminal:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    return shown


@pytest.mark.parametrize(
    ("typed", "code", "outcome"),
    [("c\n", 0, "published"), ("YES\n", 0, "published"), ("\n", 5, "held"), ("k\n", 5, "held"), ("", 5, "held")],
)
def test_a_person_at_a_terminal_is_shown_the_plan_and_asked(call: Call, workspace, monkeypatch, typed, code, outcome):
    shown = at_a_terminal(monkeypatch, typed)
    exited, out, _ = call("-C", "w", *PUBLISH, "--json", TERM="dumb")
    assert (exited, json.loads(out)["outcome"]) == (code, outcome)
    assert "Danh sách thử" in shown.getvalue()
    assert "Công bố bộ dữ liệu này?" in shown.getvalue()


def test_colour_is_for_terminals_without_no_color(call: Call, workspace: Path, monkeypatch):
    colour = re.compile(r"\x1b\[[0-9;]*3[0-7]")
    with monkeypatch.context() as patch:
        shown = at_a_terminal(patch, "")
        call("run", TERM="xterm-256color")
        assert colour.search(shown.getvalue())
        shown = at_a_terminal(patch, "")
        call("run", TERM="xterm-256color", NO_COLOR="1")
        assert not colour.search(shown.getvalue())
    assert "\x1b" not in "".join(call("run", TERM="xterm-256color", FORCE_COLOR="1")[1:])


# ---------------------------------------------------------------- the whole way


def test_by_hand_a_dataset_is_published_withdrawn_brought_back_and_decided(call: Call, workspace: Path):
    def done(*words: str) -> tuple[int, dict]:
        code, out, err = call("-C", "w", *words, "--json")
        assert err == ""
        return code, json.loads(out)

    code, tried = done(*PUBLISH, "--dry-run")
    assert (code, tried["outcome"], tried["writes"]) == (0, "published", 0)
    assert not (workspace / "state.db").exists()
    code, published = done(*PUBLISH, "--yes", "--licence", "CC-BY-4.0")
    assert (code, published["outcome"], published["version"]) == (0, "published", 1)
    assert Path(published["page"]).is_file()
    code, again = done(*PUBLISH, "--yes", "--licence", "CC-BY-4.0")
    assert (code, again["outcome"], again["writes"]) == (0, "unchanged", 0)
    name = published["dataset"]
    code, gone = done("withdraw", name, "--reason", "Sai số liệu", "--yes")
    assert (code, gone["outcome"]) == (0, "withdrawn")
    code, back = done("rollback", name[:30], "--reason", "Đã xác minh", "--yes")
    assert (code, back["outcome"], back["version"]) == (0, "published", 2)
    who = ("--document", "CV 1", "--author", "A", "--reason", "R", "--yes")
    code, decided = done("decide", name, "--rule", "c15", "--verdict", "met", "--expires", "2027-01-31", *who)
    assert (code, decided["subject"], decided["rule"], decided["expires"]) == (0, name, "C15", "2027-01-31")
    code, decided = done("decide", "Sở Y tế", "--verdict", "met", *who)
    assert (code, decided["subject"], decided["rule"]) == (0, "NA-P-SYT", None)
    code, refused = done("decide", name, "--rule", "C99", "--verdict", "met", *who)
    assert (code, refused["error"]["code"]) == (2, "USE-004")
    code, listed = done("datasets", "--agency", "so y te")
    assert [(dataset["id"], dataset["outcome"]) for dataset in listed["datasets"]] == [(name, "published")]


def test_a_dry_run_of_a_decision_records_nothing(call: Call, workspace: Path):
    who = ("--document", "CV 1", "--author", "A", "--reason", "R")
    code, out, _ = call("-C", "w", "decide", "so-y-te", "--verdict", "met", *who, "--dry-run", "--json")
    assert (code, json.loads(out)["verdict"]) == (0, "met")
    assert not (workspace / "state.db").exists()


def test_run_sources_datasets_and_stats_tell_one_story(call: Call, workspace: Path):
    code, out, err = call("-C", "w", "run", "--json")
    ran = json.loads(out)
    assert (code, err, ran["state"], ran["sources"][0]["published"]) == (0, "", "ok", 1)
    (source,) = json.loads(call("-C", "w", "sources", "--json")[1])["sources"]
    assert (source["last_state"], source["last_run"], source["next_runs"]) == ("ok", "2026-11-24T12:00:00+07:00", [])
    code, out, err = call("-C", "w", "run")
    assert (code, err) == (0, "")
    assert "Lượt chạy 2" in out
    assert "opendata stats" in out
    assert "opendata stats" not in call("-C", "w", "run", "-q")[1]


def test_a_run_without_an_approved_source_says_so(call: Call):
    call("init", "empty")
    code, out, _ = call("-C", "empty", "run", "--lang", "en")
    assert (code, "No source is approved" in out) == (0, True)


def test_check_judges_a_file_by_a_schema_and_a_folder_as_datasets(call: Call, workspace: Path):
    Path("schema.json").write_text(
        '{"fields": [{"name": "ma", "type": "integer"}, {"name": "ten", "type": "integer"}]}'
    )
    code, out, _ = call("check", "t.csv", "--schema", "schema.json", "--json")
    found = json.loads(out)
    assert (code, found["path"]) == (1, "t.csv")
    assert found["tables"][0]["report"]["valid"] is False
    assert {finding["rule"] for finding in found["findings"] if finding["severity"] == "error"} == {"C05"}
    code, out, _ = call("check", "w/ban-giao", "--json")
    assert len(json.loads(out)["tables"]) == 1
    assert call("check", "none.csv", "--json")[0] == 2


def test_every_command_of_this_version_is_there():
    assert commands.app is not None
    taken = "init demo doctor sources run publish check stats datasets withdraw rollback decide adopt"
    taken += " serve schedule runs alarms prune backup restore tidy template"
    assert sorted(parser().commands) == sorted(taken.split(" "))
