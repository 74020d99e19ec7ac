"""`opendata publish` takes the workbook as it is: tidied, asked about, refused where it must be."""

from datetime import date
from pathlib import Path

import pytest
from workbook_maker import Case, Sheet, write
from workspaces import Clock, make_workspace, opened

import checks
from harvester.by_hand import publish
from harvester.model import Outcome
from harvester.results import PublishResult
from harvester.template import template

FOLDER = Path(__file__).parent / "data" / "workbooks"
METADATA = (
    "title: {title}\ndescription: Số liệu theo năm.\nlicence: CC-BY-4.0\nfrequency: hằng năm\nmodified: 2026-10-01\n"
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w")


def hand_over(folder: Path, name: str, title: str = "Số liệu") -> Path:
    place = folder / "cua-toi"
    place.mkdir(exist_ok=True)
    (place / "dataset.yaml").write_text(METADATA.format(title=title), "utf-8")
    for old in place.glob("bao-cao.*"):
        old.unlink()
    path = place / f"bao-cao{Path(name).suffix}"
    path.write_bytes((FOLDER / name).read_bytes())
    return path


def publish_it(folder: Path, clock: Clock, path: Path, **options) -> PublishResult:
    with opened(folder, clock) as workspace:
        agency = workspace.config.register.resolve("so-y-te", date(2026, 11, 24))
        options = {"confirm": lambda plan: True, "judge": checks.check, **options}
        return publish(workspace, path, agency, clock, **options)


def served(folder: Path) -> dict[str, bytes]:
    (place,) = (folder / "portal" / "dataset").iterdir()
    return {path.name: path.read_bytes() for path in place.iterdir() if path.suffix not in (".html", ".json")}


def test_a_workbook_made_for_print_is_published_as_a_tidy_table(folder: Path, clock: Clock):
    plans = []
    result = publish_it(
        folder, clock, hand_over(folder, "02-dien-tich-gieo-trong.xlsx"), confirm=lambda plan: not plans.append(plan)
    )
    assert (result.outcome, result.exit_code) == (Outcome.PUBLISHED, 0)
    expected = (FOLDER / "02-dien-tich-gieo-trong.xlsx.1.csv").read_bytes()
    files = served(folder)
    assert [content for name, content in files.items() if name.endswith(".csv")] == [expected]
    assert [name.rpartition("-")[2] for name in files if name.endswith(".xlsx")] == ["goc.xlsx"]
    assert plans[0].cleanings[0]["tables"][0]["rows"] == 3
    again = publish_it(folder, clock, hand_over(folder, "02-dien-tich-gieo-trong.xlsx"))
    assert (again.outcome, again.writes) == (Outcome.UNCHANGED, 0)


def test_a_tidy_table_passes_byte_for_byte(folder: Path, clock: Clock):
    path = hand_over(folder, "41-bang-da-gon.csv")
    assert publish_it(folder, clock, path).outcome is Outcome.PUBLISHED
    assert list(served(folder).values()) == [path.read_bytes()]


@pytest.mark.parametrize(("name", "code"), [("26-ca-nhan.xlsx", 5), ("27-mat.xlsx", 5), ("28-khong-co-bang.xlsx", 1)])
def test_what_must_not_be_public_is_refused(folder: Path, clock: Clock, name: str, code: int):
    result = publish_it(folder, clock, hand_over(folder, name))
    assert (result.outcome, result.exit_code, result.writes) == (Outcome.REFUSED, code, 0)
    assert not list((folder / "portal").glob("dataset/*"))
    assert "040058001234" not in str(result.to_json("vi"))


def test_an_original_with_hidden_parts_stays_at_home(folder: Path, clock: Clock):
    assert publish_it(folder, clock, hand_over(folder, "09-an.xlsx")).outcome is Outcome.PUBLISHED
    assert [Path(name).suffix for name in served(folder)] == [".csv"]


def test_an_answer_is_asked_for_once_and_kept(folder: Path, clock: Clock):
    asked = []

    def ask(question):
        asked.append(question["code"])
        return "1.234,5"

    publish_it(folder, clock, hand_over(folder, "15-so-mo-ho.csv"), ask=ask)
    assert asked == ["ambiguous-number"]
    assert b"1234" in next(content for name, content in served(folder).items() if "goc" not in name)
    again = publish_it(folder, clock, hand_over(folder, "15-so-mo-ho.csv"), ask=ask)
    assert asked == ["ambiguous-number"]
    assert again.outcome is Outcome.UNCHANGED


def test_without_a_person_nothing_is_guessed(folder: Path, clock: Clock):
    result = publish_it(folder, clock, hand_over(folder, "15-so-mo-ho.csv"))
    assert result.outcome is Outcome.PUBLISHED
    assert "TDY-108" in [finding.code for finding in result.findings]
    assert b"1.234" in next(iter(served(folder).values()))


def test_several_tables_become_several_files(folder: Path, clock: Clock):
    assert publish_it(folder, clock, hand_over(folder, "40-hai-trang-khac-nhau.xlsx")).outcome is Outcome.PUBLISHED
    assert sum(name.endswith(".csv") for name in served(folder)) == 2


def test_a_template_filled_in_is_published_as_it_is(folder: Path, clock: Clock, tmp_path: Path):
    publish_it(folder, clock, hand_over(folder, "33-dong-tieu-de-lap-lai.xlsx"), key="ocop")
    with opened(folder, clock, writing=False) as workspace:
        assert template(workspace, "NA-P-SYT/ocop", "vi", tmp_path / "mau.xlsx") == "Số liệu"
    import openpyxl

    book = openpyxl.load_workbook(tmp_path / "mau.xlsx")
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["Tên sản phẩm", "Chủ thể", "Hạng sao"]
    assert sheet["A2"].value == "Nước mắm Vạn Phần"
    from harvester.tidy.work import tidy

    (table,) = tidy(tmp_path / "mau.xlsx").tables
    assert [field.label for field in table.fields] == ["Tên sản phẩm", "Chủ thể", "Hạng sao"]


def test_only_the_named_sheet_is_published_also_next_month(folder: Path, clock: Clock):
    path = folder / "cua-toi" / "bao-cao.xlsx"
    hand_over(folder, "40-hai-trang-khac-nhau.xlsx")
    publish_it(folder, clock, path, sheet="Thôn")
    write(Case(path.name, (Sheet("Xã", "Tên|Số\na|1\nb|2"), Sheet("Thôn", "Tên|Số\nc|3\nd|4"))), path)
    publish_it(folder, clock, path)
    assert [content for name, content in served(folder).items() if name.endswith(".csv")] == [
        "Tên,Số\nc,3\nd,4\n".encode()
    ]
