"""Freshness: what the words mean, and when a dataset is overdue."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.freshness import DUE, Frequency, frequency, kept, newest
from harvester.model import Verdict

WORDS = {
    Frequency.CONTINUOUS: "theo thời gian thực|liên tục|Thường xuyên|CONT|PT1H|R/PT1S|real-time|hourly",
    Frequency.DAILY: "hằng ngày|Hàng ngày|ngày|1 ngày/lần|01 lần/ngày|2 lần/ngày|daily|P1D|R/P1D|DAILY|mỗi ngày"
    "|every day",
    Frequency.WEEKLY: "hằng tuần|hàng tuần|1 tuần/lần|weekly|P1W|R/P1W|P7D|1 lần/tuần|tuần",
    Frequency.FORTNIGHTLY: "2 tuần/lần|P2W|biweekly|2 lần/tháng|02 lần/tháng|fortnightly|15 ngày/lần",
    Frequency.MONTHLY: "hằng tháng|Hàng tháng|1 tháng/lần|01 tháng/lần|monthly|P1M|R/P1M|tháng/lần|ngày 15 hằng tháng"
    "|http://publications.europa.eu/resource/authority/frequency/MONTHLY|12 lần/năm|Theo tháng|định kỳ hàng tháng",
    Frequency.BIMONTHLY: "2 tháng/lần|hai tháng một lần|P2M|bimonthly|6 lần/năm",
    Frequency.QUARTERLY: "hằng quý|Hàng quý|quý/lần|3 tháng/lần|03 tháng một lần|4 lần/năm|P3M|quarterly|Quý|mỗi quý"
    "|01 quý/lần"
    "|ngày 20 tháng cuối quý hằng quý",
    Frequency.FOUR_MONTHLY: "3 lần/năm|ANNUAL_3|P4M|4 tháng/lần",
    Frequency.SEMIANNUAL: "6 tháng|6 tháng/lần|02 lần/năm|2 lần/năm|nửa năm|hai lần một năm|P6M|ANNUAL_2|semiannual"
    "|sáu tháng|twice a year|P0.5Y",
    Frequency.ANNUAL: "hằng năm|Hàng năm|hàng năm|01 lần/năm|1 lần/năm|năm học|năm|một năm một lần|1 năm/lần|P1Y|R/P1Y"
    "|ANNUAL|annually|yearly|Tháng 6 hằng năm|Trước ngày 31/12 hằng năm|Quý I hằng năm|hằng năm, khi có thay đổi"
    "|12 tháng"
    "|http://publications.europa.eu/resource/authority/frequency/ANNUAL",
    Frequency.BIENNIAL: "2 năm/lần|P2Y|BIENNIAL|hai năm một lần",
    Frequency.TRIENNIAL: "3 năm/lần|P3Y",
    Frequency.QUINQUENNIAL: "5 năm/lần|QUINQUENNIAL|năm năm/lần|P5Y",
    Frequency.DECENNIAL: "10 năm/lần|P10Y|DECENNIAL",
    Frequency.ON_CHANGE: "khi có thay đổi|Khi phát sinh|đột xuất|khi có biến động|on change|AS_NEEDED|asNeeded",
    Frequency.ONCE: "một lần|không định kỳ|01 lần|IRREG|NEVER|once|irregular|notPlanned",
}
CASES = [(words, wanted) for wanted, listed in WORDS.items() for words in listed.split("|")]


@pytest.mark.parametrize(("words", "wanted"), CASES, ids=[words for words, _ in CASES])
def test_a_frequency_is_understood(words: str, wanted: Frequency):
    assert frequency(words) is wanted


@pytest.mark.parametrize("words", ["", " ", "định kỳ", "Sở Y tế", "2024", "UNKNOWN", "P", "R/", "//", "0 tháng/lần"])
def test_what_says_nothing_is_not_guessed(words: str):
    assert frequency(words) is None


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(words: str):
    frequency(words)


DAY = date(2025, 1, 31)


@pytest.mark.parametrize(
    ("said", "due"),
    [
        (Frequency.CONTINUOUS, date(2025, 2, 2)),
        (Frequency.DAILY, date(2025, 2, 3)),
        (Frequency.WEEKLY, date(2025, 2, 10)),
        (Frequency.MONTHLY, date(2025, 3, 15)),  # 28 February + 15
        (Frequency.QUARTERLY, date(2025, 5, 30)),
        (Frequency.SEMIANNUAL, date(2025, 8, 30)),
        (Frequency.ANNUAL, date(2026, 4, 1)),
        (None, date(2026, 4, 1)),
        (Frequency.ON_CHANGE, date(2025, 4, 30)),
    ],
)
def test_the_due_day_is_the_last_good_one(said: Frequency | None, due: date):
    for judge in (
        lambda day: newest(day, period_end=None, modified=DAY, frequency=said),
        lambda day: kept(day, last_change=DAY, last_confirmation=None, frequency=said),
    ):
        assert judge(due)[0] is Verdict.MET
        verdict, finding = judge(due + timedelta(1))
        assert verdict is Verdict.NOT_MET
        assert finding is not None
        assert due in (
            finding.message.values.get("due"),
            getattr(finding.message.values.get("overdue"), "values", {}).get("due"),
        )


def test_a_confirmation_counts_as_a_change_and_the_newer_date_wins():
    late = date(2025, 6, 1)
    assert kept(late, last_change=DAY, last_confirmation=None, frequency=Frequency.ON_CHANGE)[0] is Verdict.NOT_MET
    assert (
        kept(late, last_change=DAY, last_confirmation=date(2025, 5, 1), frequency=Frequency.ON_CHANGE)[0] is Verdict.MET
    )
    assert newest(late, period_end=date(2025, 5, 31), modified=DAY, frequency=Frequency.MONTHLY)[0] is Verdict.MET


def test_once_is_met_for_ever_and_unknown_days_are_unknown():
    assert newest(date(2099, 1, 1), period_end=None, modified=None, frequency=Frequency.ONCE) == (Verdict.MET, None)
    for said in [None, *DUE]:
        verdict, finding = kept(DAY, last_change=None, last_confirmation=None, frequency=said)
        assert verdict is Verdict.UNKNOWN
        assert finding.code == "TIM-003"


def test_no_frequency_is_judged_as_yearly_with_a_warning():
    verdict, finding = newest(date(2025, 6, 1), period_end=None, modified=DAY, frequency=None)
    assert verdict is Verdict.MET
    assert (finding.code, finding.rule) == ("TIM-002", "C06")
    verdict, finding = kept(date(2027, 1, 1), last_change=DAY, last_confirmation=None, frequency=None)
    assert verdict is Verdict.NOT_MET
    assert finding.message.render("vi") == (
        "Quá hạn cập nhật từ ngày 01/04/2026: tần suất hằng năm, lần gần nhất là ngày 31/01/2025. "
        "Chưa khai tần suất cập nhật nên tạm tính là hằng năm."
    )


days = st.dates()


@given(days, days, st.none() | days, st.none() | days, st.sampled_from([None, *Frequency]))
def test_what_is_overdue_stays_overdue_until_something_is_done(
    a: date, b: date, one: date | None, other: date | None, said: Frequency | None
):
    early, late = sorted((a, b))
    for judge in (
        lambda day: newest(day, period_end=one, modified=other, frequency=said)[0],
        lambda day: kept(day, last_change=one, last_confirmation=other, frequency=said)[0],
    ):
        before, after = judge(early), judge(late)
        assert before is after or (before, after) == (Verdict.MET, Verdict.NOT_MET)


@given(days, days, days, st.sampled_from(list(Frequency)))
def test_newer_data_is_never_worse(day: date, a: date, b: date, said: Frequency):
    old, new = sorted((a, b))
    order = [Verdict.NOT_MET, Verdict.MET]
    verdicts = [newest(day, period_end=None, modified=m, frequency=said)[0] for m in (old, new)]
    assert order.index(verdicts[0]) <= order.index(verdicts[1])
