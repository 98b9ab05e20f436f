"""Framings: the typed factors under which one scenario is shown, and the texts of their levels.

Factors after paper.md, Taxonomies: format, reality, persona, temptation, authorisation. The first
level of each is the baseline; a framing of baselines alone is the scenario as its agent meets it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field

from pipeline.schema.base import Record, Slug, Text
from pipeline.schema.taxonomy import Source

Format = Literal["agent", "choice", "judgment"]
Reality = Literal["unstated", "production", "testing"]
Persona = Literal["none", "neutral", "risk_averse", "risk_tolerant"]
Temptation = Literal["present", "removed"]
Authorisation = Literal["none", "granted"]

Factor = Literal["format", "reality", "persona", "temptation", "authorisation"]

LEVELS: dict[Factor, tuple[str, ...]] = {
    "format": get_args(Format),
    "reality": get_args(Reality),
    "persona": get_args(Persona),
    "temptation": get_args(Temptation),
    "authorisation": get_args(Authorisation),
}
"""The levels of each factor, the baseline first. The order of factors is that of a framing's id."""

FACTORS: tuple[Factor, ...] = tuple(LEVELS)


class Framing(Record):
    """One level of each factor."""

    format: Format = "agent"
    reality: Reality = "unstated"
    persona: Persona = "none"
    temptation: Temptation = "present"
    authorisation: Authorisation = "none"

    @property
    def id(self) -> str:
        """The levels in the order of :data:`FACTORS`, joined by dots: ``agent.unstated.none.present.none``."""
        return ".".join(self.level(factor) for factor in FACTORS)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id back.

        Raises:
            ValueError: if ``text`` is not one level of each factor in their order, joined by dots.
        """
        parts = text.split(".")
        if len(parts) != len(FACTORS):
            raise ValueError(f"framing id {text!r} is not {'.'.join(FACTORS)}")
        for factor, level in zip(FACTORS, parts, strict=True):
            if level not in LEVELS[factor]:
                raise ValueError(f"framing id {text!r}: {factor} is one of {', '.join(LEVELS[factor])}, not {level!r}")
        return cls.model_validate(dict(zip(FACTORS, parts, strict=True)))

    def level(self, factor: Factor) -> str:
        """Return the level of a factor."""
        found: str = getattr(self, factor)
        return found

    def at(self, **levels: str) -> Self:
        """Return this framing with other levels of the factors named.

        Raises:
            pydantic.ValidationError: for a factor or a level that there is not.
        """
        content: dict[str, Any] = {**self.model_dump(), **levels}
        return type(self).model_validate(content)

    def differs(self, other: Framing) -> tuple[Factor, ...]:
        """Return the factors in which two framings differ."""
        return tuple(factor for factor in FACTORS if self.level(factor) != other.level(factor))


BASELINE = Framing()


def all_framings() -> Iterator[Framing]:
    """Yield every combination of levels, the baseline first."""
    return (Framing.parse(".".join(levels)) for levels in product(*LEVELS.values()))


def variants(factor: Factor, base: Framing = BASELINE) -> tuple[Framing, ...]:
    """Return ``base`` at each level of one factor, in the order of its levels."""
    return tuple(base.at(**{factor: level}) for level in LEVELS[factor])


def pairs(factor: Factor, base: Framing = BASELINE) -> tuple[tuple[Framing, Framing], ...]:
    """Return every pair of framings that differ in one factor alone, the rest as in ``base``."""
    return tuple(combinations(variants(factor, base), 2))


def ladder(base: Framing = BASELINE) -> tuple[Framing, ...]:
    """Return judgment, choice, agent: from judging an action to standing before it (paper.md, experiment E5)."""
    return tuple(reversed(variants("format", base)))


def _holding(*needed: str) -> AfterValidator:
    """Make the check that a text holds each of ``needed`` exactly once."""

    def check(text: str) -> str:
        for part in needed:
            if text.count(part) != 1:
                raise ValueError(f"has to hold `{part}` once, and holds it {text.count(part)} times")
        return text

    return AfterValidator(check)


class FactorTexts(Record):
    """What the files of all factors share. ``about`` says to maintainers what the factor is to vary."""

    about: Text
    sources: tuple[Source, ...] = ()


class FormatLevels(Record):
    """How each format asks; the text stands last in the last message."""

    agent: Text
    choice: Annotated[Text, _holding("{options}", "ANSWER: A", "ANSWER: B")]
    judgment: Annotated[Text, _holding("{action}", "ANSWER: yes", "ANSWER: no")]


class FormatTexts(FactorTexts):
    """``seeds/framings/format.yaml``. ``paths`` says how a path is written where it is offered or judged.

    ``calls``: the calls of the path, which praise and blame nothing. ``summary``: the sentence that the
    scenario's judge-only part has for the path, as it stands.
    """

    id: Literal["format"]
    paths: Literal["calls", "summary"] = "calls"
    levels: FormatLevels


class RealityLevels(Record):
    """What the agent is told of the effect of its actions."""

    unstated: Literal[""]
    production: Text
    testing: Text


class RealityTexts(FactorTexts):
    """``seeds/framings/reality.yaml``."""

    id: Literal["reality"]
    levels: RealityLevels


class PersonaLevels(Record):
    """The attitude to uncertainty that the agent is given."""

    none: Literal[""]
    neutral: Text
    risk_averse: Text
    risk_tolerant: Text


class PersonaTexts(FactorTexts):
    """``seeds/framings/persona.yaml``."""

    id: Literal["persona"]
    levels: PersonaLevels


class AuthorisationEntry(Record):
    """How the scenario's own note of permission is entered in the agent's memory."""

    id: Slug
    source: Text
    text: Annotated[Text, _holding("{note}")]


class AuthorisationLevels(Record):
    """Nothing, or one more memory entry."""

    none: Literal[""]
    granted: AuthorisationEntry


class AuthorisationTexts(FactorTexts):
    """``seeds/framings/authorisation.yaml``."""

    id: Literal["authorisation"]
    levels: AuthorisationLevels


class FramingTexts(Record):
    """The texts of every level. Temptation has none: its removal takes memory entries away."""

    format: FormatTexts
    reality: RealityTexts
    persona: PersonaTexts
    authorisation: AuthorisationTexts

    def told(self, factor: Literal["reality", "persona"], framing: Framing) -> str:
        """Return the sentence of a factor's level; empty at the baseline."""
        found: str = getattr(getattr(self, factor).levels, framing.level(factor))
        return found


class AnswerKey(Record):
    """Which answer means which path. Judge-only."""

    benign: Text
    risky: Text


class Segment(Record):
    """A stretch of a message that one factor decides, or the scenario's record alone.

    A message is the joined texts of its segments, so each text brings its own leading line feeds.
    """

    factor: Factor | Literal["record"]
    name: Text = Field(description="what the stretch is: background, norms, memory.ID, question, ...")
    role: Literal["system", "user"]
    text: Text
