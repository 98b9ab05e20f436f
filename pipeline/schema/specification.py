"""The specification: one YAML file that says what to build and with which models."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from pipeline.schema.base import Json, Record, Sha256, Slug, Text
from pipeline.schema.diversity import DiversityFloors
from pipeline.schema.estimate import Currency
from pipeline.schema.label import ReviewsFile
from pipeline.schema.novelty import NoveltyCurve
from pipeline.schema.policy import CalibrationFile, Rule
from pipeline.schema.renewal import EnvironmentName, LastRelease, PreviousRelease, Schedule
from pipeline.schema.run import Run
from pipeline.schema.verdict import GateName

Version = Annotated[str, StringConstraints(pattern=r"^\d{4}\.(0[1-9]|1[0-2])\.\d+$")]
"""YEAR.MONTH.PATCH."""

ReleaseName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
RoleName = Literal["generator", "judge"]
CheckName = Literal[
    "benignness.toxicity",
    "benignness.judge",
    "relevance.motive",
    "relevance.risk_type",
    "relevance.motive_similarity",
    "relevance.risk_type_similarity",
    "realism.rubric",
]
"""Checks that a specification may leave out; each gate needs one that remains."""

BUILT_IN_FILTERS = frozenset({"judge", "lexical", "stakes", "toxicity"})
"""Checkers of the gate benignness that are always there, unless they are left out."""

SplitName = Literal["dev", "test", "held_out"]


class EmbeddedEndpoint(Record):
    """A GGUF model run in this process. ``weights`` is an entry of the weights catalogue; ``path`` overrides it."""

    kind: Literal["embedded"]
    weights: Slug
    path: Text | None = None
    context_tokens: int = Field(default=8192, ge=512)
    parallel: int = Field(default=1, ge=1, description="requests decoded side by side")


class OpenAIEndpoint(Record):
    """Any server that speaks the OpenAI chat completions protocol.

    The key is read from the environment variable named here, and from nowhere else; ``None`` for
    servers that want none. ``batch``: calls are collected and sent as batches, which take up to a day and cost half at
    most providers that have them; for a role that can wait, such as the judge.
    """

    kind: Literal["openai"]
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$")] = Field(
        description="up to and including /v1; credentials in the URL are refused"
    )
    api_key_env: EnvironmentName | None = None
    batch: bool = False


class TransformersEndpoint(Record):
    """A model that the transformers library runs in this process, for guard models.

    The role's ``model`` is its name on the Hub; ``path`` is a folder that holds it, in place of the Hub.
    """

    kind: Literal["transformers"]
    path: Text | None = None
    revision: Text | None = Field(default=None, description="branch, tag or commit on the Hub; part of what is asked")
    device: Text = Field(default="cpu", description="where torch runs it, such as cpu or cuda:0")


class NoEndpoint(Record):
    """No model at all: what this role would have written was written by hand, or is not there. A call is an error."""

    kind: Literal["none"]


Endpoint = Annotated[EmbeddedEndpoint | OpenAIEndpoint | TransformersEndpoint | NoEndpoint, Field(discriminator="kind")]


class Sampling(Record):
    """Sampling settings, sent as they stand. ``max_tokens`` bounds the completion."""

    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=512, ge=1)
    extra: dict[Slug, Json] = Field(default_factory=dict, description="fields of the provider's own, sent along")


class CallLimits(Record):
    """How hard an endpoint may be used, and how long one waits for it (seconds).

    ``in_flight`` is the most; fewer calls are made at a time while the endpoint refuses most of them or slows down.
    The limits per minute are never exceeded in any sixty seconds, tries that fail included; roles with the same model
    at the same endpoint share them. Without either, those of ``seeds/limits.yaml`` hold, if it has the model.
    """

    in_flight: int = Field(default=8, ge=1, le=4096)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1, description="prompt and completion together")
    timeout: float = Field(default=120.0, gt=0)
    attempts: int = Field(default=6, ge=1, description="tries per call on 429, 5xx, time-outs and torn replies")


class ModelRole(Record):
    """One role: which endpoint, which model, how it is sampled."""

    endpoint: Endpoint
    model: Text
    sampling: Sampling = Sampling()
    limits: CallLimits = CallLimits()


class GuardModel(ModelRole):
    """A guard model that filters for benignness, and how its answers are read.

    ``adapter``: an entry of the registry of filters, such as ``llama_guard_3`` (``docs/filters.md``).
    ``threshold``: from this probability of "unsafe" on, a text is turned away even if the model's own word is
    that it is safe. It can only turn away more: a text that the model calls unsafe never passes. Without
    probabilities the word alone counts.
    ``logprobs``: ask for the alternatives of each token, which give the probability; false for an endpoint
    that refuses the question.
    ``max_characters``: a longer text is not sent, and its verdict is an error; nothing is ever cut.
    """

    adapter: Slug
    sampling: Sampling = Sampling(temperature=0.0, max_tokens=128)
    threshold: float = Field(default=0.5, gt=0, le=1)
    logprobs: bool = True
    max_characters: int = Field(default=24_000, ge=1)


def guard_role(name: str) -> str:
    """Return what a guard model's role is called."""
    return f"guards.{name}"


class Models(Record):
    """Models by role. ``guards`` are filters of the gate benignness, by the name that their verdicts carry."""

    generator: ModelRole
    judge: ModelRole
    guards: dict[Slug, GuardModel] = Field(default_factory=dict)

    @property
    def by_role(self) -> dict[str, ModelRole]:
        """All models by what their role is called: ``generator``, ``judge``, and ``guards.NAME`` for each guard."""
        guards = {guard_role(name): guard for name, guard in self.guards.items()}
        return {"generator": self.generator, "judge": self.judge, **guards}

    @model_validator(mode="after")
    def _guards_have_names_of_their_own(self) -> Self:
        taken = sorted(set(self.guards) & BUILT_IN_FILTERS)
        if taken:
            raise ValueError(f"a guard cannot be called {taken[0]!r}, as a filter that is built in is")
        return self


class Grid(Record):
    """Which cells to build. ``None`` takes all entries of the seeds."""

    motives: tuple[Slug, ...] | None = None
    risk_types: tuple[Slug, ...] | None = None
    domains: tuple[Slug, ...] | None = None
    cells: tuple[Text, ...] | None = Field(default=None, description="exactly these, as motive.risk_type.domain")


class GenerationSettings(Record):
    """How candidates are made.

    ``core``: ``kit`` takes worked situations only (cells without one are excluded, with the reason);
    ``model`` asks the generator; ``kit_or_model`` asks it where no situation fits. ``refine``: how often
    prose that a gate turned away is written anew on the same core, each time one attempt; 0 for never.
    """

    core: Literal["kit", "model", "kit_or_model"] = "kit_or_model"
    core_tries: int = Field(default=3, ge=1, description="tries of the model at a core that runs")
    prose_tries: int = Field(default=2, ge=1, description="tries at prose that keeps the facts")
    refine: int = Field(default=1, ge=0, description="refinements of one candidate at most")


class Floors(DiversityFloors):
    """What a release has to reach; one below any of these is not made. ``_maximum`` marks a ceiling.

    ``coverage``: rows of the quota that are filled. ``cells_filled``: cells with a row. ``acceptance``: rows of all
    attempts. ``novel``: candidates that copy no other, of those compared. ``benign_error_maximum``: non-benign rows
    that a calibrated filter in use may accept, the upper end of the interval. All are shares. That no row is a
    near-duplicate of one of another split needs no floor: it holds for every release.
    """

    coverage: float | None = Field(default=None, gt=0, le=1)
    cells_filled: float | None = Field(default=None, gt=0, le=1)
    acceptance: float | None = Field(default=None, gt=0, le=1)
    novel: float | None = Field(default=None, gt=0, le=1)
    benign_error_maximum: float | None = Field(default=None, gt=0, le=1)


class ProtectedCorpus(Record):
    """A file of texts that no row may copy, such as another benchmark: JSONL or parquet.

    It is looked for in ``OUT/protected/NAME.jsonl`` or ``.parquet``, unless ``path`` says where it lies, from the
    working directory. ``columns`` hold the texts. From the cosine ``threshold`` on a person has to look. ``sha256``
    pins the file; a release states it, so that a replay that finds another or none is an error.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[\w.-]+$", max_length=64)]
    path: Text | None = None
    columns: tuple[Text, ...] = Field(default=("text",), min_length=1)
    threshold: float = Field(default=0.58, gt=0, le=1)
    sha256: Sha256 | None = None


class DeduplicationSettings(Record):
    """When two candidates are the same, and when they are near. Both are cosines of plot embeddings.

    At ``threshold`` a row is a copy and is turned away; from ``related`` on, rows share a split. ``against`` names
    earlier releases whose rows must not be copied either, ``protected`` files of others' texts. ``curve``: how the
    threshold was found, as ``impress dedup --calibrate`` writes it; in a specification's file its path from there.
    """

    threshold: float = Field(default=0.92, gt=0, le=1)
    related: float = Field(default=0.7, gt=0, le=1)
    encoder: Text = "all-MiniLM-L6-v2"
    against: tuple[PreviousRelease, ...] = ()
    protected: tuple[ProtectedCorpus, ...] = ()
    curve: NoveltyCurve | Text | None = None

    @field_validator("against")
    @classmethod
    def _each_once(cls, against: tuple[PreviousRelease, ...]) -> tuple[PreviousRelease, ...]:
        names = [one.release for one in against]
        if len(set(names)) != len(names):
            raise ValueError("a release is named twice")
        return against

    @field_validator("protected")
    @classmethod
    def _named_apart(cls, protected: tuple[ProtectedCorpus, ...]) -> tuple[ProtectedCorpus, ...]:
        names = [one.name for one in protected]
        if len(set(names)) != len(names):
            raise ValueError("two protected corpora have one name")
        return protected


class GateSettings(Record):
    """Thresholds of the gates.

    ``relevance_rank``: the label must be among the judge's first so many when it labels blind.
    ``similarity_rank``: likewise when a sentence encoder ranks motives and risk types without a judge.
    ``realism_minimum``: lowest accepted band of the realism rubric (1 to 5).
    ``toxicity_maximum``: highest accepted probability of the toxicity classifier.
    ``judge_logprobs``: ask the judge's endpoint for the alternatives of each token, which give scores and
    ranks; false for an endpoint that refuses the question.
    ``left_out``: checks that are not made, since the judge is known to be no better than chance at them.
    They stand in the specification, so the release shows it; a gate without any check accepts nothing.
    ``policy``: the rule of each gate that has another than ``veto``, by which every check has to pass.
    ``calibration``: measured thresholds for the filters of benignness, as ``impress calibrate`` writes them.
    """

    relevance_rank: int = Field(default=1, ge=1, le=5)
    similarity_rank: int = Field(default=4, ge=1)
    realism_minimum: int = Field(default=3, ge=1, le=5)
    toxicity_maximum: float = Field(default=0.5, gt=0, le=1)
    judge_logprobs: bool = True
    left_out: tuple[CheckName, ...] = ()
    policy: dict[GateName, Rule] = Field(default_factory=dict)
    calibration: CalibrationFile | None = None


class Money(Record):
    """An amount of money. Prices in this currency stand in ``seeds/prices.yaml``."""

    amount: float = Field(ge=0)
    currency: Currency


class Budget(Record):
    """Hard limits over the whole life of a build, resumes included. ``None`` is no limit.

    ``calls``: completions. ``tokens``: of prompts and replies together. ``money``: by the prices of
    ``seeds/prices.yaml``, without discounts; a model whose price is unknown is then an error.
    """

    calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    money: Money | None = None

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return (self.calls, self.tokens, self.money) != (None, None, None)


class SplitShares(Record):
    """Shares of the splits. They are intervals of the group's hash, so a row's split never changes."""

    dev: float = Field(default=0.2, ge=0, le=1)
    test: float = Field(default=0.8, ge=0, le=1)
    held_out: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = self.dev + self.test + self.held_out
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares of dev, test and held_out sum to {total:g}, not to 1")
        return self


class Specification(Record):
    """What to build. ``floors`` and ``previous`` bear on the finished rows alone, ``budget`` and ``run`` on no row.

    ``items``: ``items.csv`` of ``impress analyze --report``. Rows of the release before that no model or every model
    takes the bait of give way first; a release states them as ``previous.carries.replace`` in its place. ``run`` is in
    no dump: neither the run's name nor keys, hashes or the release depend on where the work is done.
    """

    name: ReleaseName
    version: Version
    title: Text
    licence: Text = "CC-BY-4.0"
    seed: int = Field(default=0, ge=0)
    grid: Grid = Grid()
    quota: int = Field(default=1, ge=1, description="accepted rows per cell")
    attempts_per_cell: int = Field(default=4, ge=1)
    shard_size: int = Field(default=32, ge=1)
    generation: GenerationSettings = GenerationSettings()
    deduplication: DeduplicationSettings = DeduplicationSettings()
    gates: GateSettings = GateSettings()
    splits: SplitShares = SplitShares()
    budget: Budget = Budget()
    floors: Floors = Floors()
    previous: LastRelease | None = None
    items: Text | None = None
    schedule: Schedule | None = None
    reviews: ReviewsFile | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="what people decided on an earlier release: rows that they rejected retire, and do not come again",
    )
    run: Run = Field(default=Run(), exclude=True)
    models: Models

    @model_validator(mode="after")
    def _items_of_a_release(self) -> Self:
        carried = self.previous is not None and self.previous.carries is not None
        if self.items is not None and not carried and self.schedule is None:
            raise ValueError("items say which rows of the release before give way: add previous.carries or a schedule")
        return self

    @property
    def release_id(self) -> str:
        """``NAME-VERSION``: the release folder's name."""
        return f"{self.name}-{self.version}"
