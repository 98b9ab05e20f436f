"""Other amounts and other denials are looked at before a copy is called one."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pipeline.deduplicate.amounts import amounts_of, orders_of
from pipeline.deduplicate.doubt import doubt
from pipeline.deduplicate.plot import Plot
from pipeline.deduplicate.stage import deduplicate
from pipeline.deduplicate.survivors import Entry, compare
from pipeline.schema.specification import DeduplicationSettings
from tests.deduplicate.rows import WordEncoder, candidate, novelty, survivors, told

SETTINGS = DeduplicationSettings(threshold=0.9, related=0.7)
UNDER = "the nurse gives 5 mg although the limit is 10 mg and the patient sleeps"
LONG = " ".join(f"word{number}x" for number in range(120))


def plot(text: str, *, structure: str = "cell|open(set:doors)|wait()") -> Plot:
    return Plot((text,), amounts_of(text), text, structure, orders_of([text]))


def test_orders_name_amounts_of_one_unit_by_the_word_before() -> None:
    assert orders_of([UNDER, "and 7 days"]) == ("gives mg < is mg",)
    assert orders_of(["takes 1,200 euros of 900 euros"]) == ("of euros < takes euros",)
    assert orders_of(["one of 3 boxes, one of 4 boxes, under 9 boxes"]) == (), "two of boxes cannot be told apart"


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (UNDER, None),
        (UNDER.replace("5", "6"), None),
        (UNDER.replace("5", "15").replace("10", "30"), None),
        (UNDER.replace("5", "50"), "on the other side of another: is mg < gives mg"),
    ],
)
def test_amounts_may_move_and_not_change_places(other: str, says: str | None) -> None:
    found = doubt(plot(UNDER), plot(other))
    assert (found is None) if says is None else (found is not None and says in found)


def test_without_paths_that_do_the_same_other_amounts_settle_nothing() -> None:
    one, other = plot("gives 5 mg"), plot("gives 50 mg")
    assert doubt(one, other) is None
    assert doubt(one, replace(other, structure="cell|shut(set:doors)|wait()")) is not None
    assert doubt(replace(one, structure=""), replace(other, structure="")) is not None


def test_nearly_the_same_words_that_deny_are_looked_at() -> None:
    assert doubt(plot(LONG), plot(LONG.replace("word60x", "never"))) is not None
    assert doubt(plot(LONG), plot(LONG.replace("word60x", "ever"))) is None


def test_a_doubted_copy_is_put_aside_and_a_sure_one_turned_away() -> None:
    rows = [candidate(0, told(UNDER)), candidate(1, told(UNDER.replace("5", "50"), claim="H-9"))]
    outcome = deduplicate(rows, [], SETTINGS, WordEncoder())
    (kept,) = survivors(outcome)
    (aside,) = [novelty(one) for one in outcome if one.id != kept]
    assert aside.outcome == "error"
    assert "a person has to look" in aside.reason
    assert {str(one) for side in ("here", "there") for one in aside.answers[f"amounts_{side}_only"]} == {
        "5 mg",
        "50 mg",
    }
    sure = deduplicate([rows[0], candidate(2, told(UNDER.replace("5", "6"), claim="H-9"))], [], SETTINGS, WordEncoder())
    assert sorted(novelty(one).outcome for one in sure) == ["fail", "pass"]


def test_where_doubted_rows_stay_a_copy_of_either_still_goes() -> None:
    texts = ["gives 5 mg to all", "gives 50 mg to all", "gives 50 mg to all ", "gives 5 mg to all now"]
    entries = [
        Entry.of(replace(plot(text, structure=""), surface=f"{text}|{place}")) for place, text in enumerate(texts)
    ]
    judged = compare(entries, WordEncoder(), 0.5, doubted_stay=True).judge(0.75)
    assert [one.kept for one in judged] == [True, True, False, False]
    assert [one.match.other if one.match else None for one in judged] == [None, 0, 1, 0]


def mixed() -> list[tuple[float, str, Plot]]:
    """Quality, id and plot of exact, lexical, semantic and doubted copies around long texts, with ties of quality."""
    draw = random.Random(7)
    rows = []
    for family in range(5):
        words = [f"w{draw.randrange(400)}x" for _ in range(60)]
        base = " ".join(words)
        tales = [
            base, base, f"{base} again", base.replace(words[30], "other"), base.replace(words[30], "5"),
            base.replace(words[30], "50"), base.replace(words[30], "not"), " ".join(draw.sample(words, 60)),
            " ".join([*words[:45], *(f"v{draw.randrange(400)}x" for _ in range(15))]),
        ]  # fmt: skip
        for number, tale in enumerate(tales):
            surface = tale if number < 2 else f"{tale}|{number}"
            rows.append((draw.choice([0.2, 0.9]), f"r{family}-{number}", replace(plot(tale), surface=surface)))
    return rows


def kept_of(rows: list[tuple[float, str, Plot]]) -> frozenset[tuple[str, str | None]]:
    """Who stays, and of each that goes the layer."""
    ranked = sorted(rows, key=lambda row: (-row[0], row[1]))
    judged = compare([Entry.of(one) for _, _, one in ranked], WordEncoder(), 0.5).judge(0.9)
    return frozenset(
        (name, None if one.kept or one.match is None else one.match.layer)
        for (_, name, _), one in zip(ranked, judged, strict=True)
    )


def test_200_orders_of_all_kinds_of_copies_have_one_set_of_survivors() -> None:
    rows = mixed()
    expected = kept_of(rows)
    assert {layer for _, layer in expected} == {None, "exact", "lexical", "semantic"}
    for seed in range(200):
        random.Random(seed).shuffle(rows)
        assert kept_of(rows) == expected


def test_what_is_not_embedded_changes_nothing_at_any_threshold() -> None:
    """The same rows, of which each is embedded: semantic copies at the same cosines, or lexical ones of kept rows."""

    class Counting(WordEncoder):
        seen = 0

        def encode(self, texts):  # type: ignore[no-untyped-def]
            Counting.seen += len(texts)
            return super().encode(texts)

    ranked = [Entry.of(one) for _, _, one in sorted(mixed(), key=lambda row: (-row[0], row[1]))]
    comparison = compare(ranked, Counting(), 0.5)
    assert Counting.seen < len({entry.parts for entry in ranked})
    vectors = WordEncoder().encode([entry.parts[0] for entry in ranked]).astype(float)
    for threshold in (0.5, 0.7, 0.9, 0.97, 1.0):
        judged = comparison.judge(threshold)
        kept = [row for row, one in enumerate(judged) if one.kept]
        for row, one in enumerate(judged):
            before = [other for other in kept if other < row]
            near = [other for other in before if vectors[row] @ vectors[other] >= threshold + 1e-6]
            if one.kept:
                assert not near
            else:
                assert one.match is not None
                assert one.match.other in before
                if one.match.layer == "semantic":
                    cosine = float(vectors[row] @ vectors[one.match.other])
                    assert abs(one.match.score - cosine) < 1e-6, "the cosine is the row's own"
