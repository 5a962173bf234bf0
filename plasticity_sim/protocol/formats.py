"""The YAML format of protocols, as pydantic schemas; axes are taken out before these apply."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from plasticity_sim.formats import Strict, Text, Version, Words

MOST = 1000  # parts, windows, drugs, records: each is looked at for every other
Count = Annotated[
    int, Field(ge=1, le=1_000_000), WithJsonSchema({"type": ["integer", "array", "string"]})
]


class LevelFormat(Strict):
    """One level of nested pulses: `count` repeats at a rate or an interval."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_ -]{0,60}$")] = ""
    count: Count
    rate: Text | None = None
    interval: Text | None = None

    @model_validator(mode="after")
    def _one_spacing(self) -> LevelFormat:
        given = (self.rate is not None) + (self.interval is not None)
        if given == 2 or (given == 0 and self.count > 1):
            raise ValueError(f"count: a level of {self.count} pulses needs a rate or an interval")
        return self


class TrainFormat(Strict):
    """Spikes that are not nested levels: read from a file, or drawn at random."""

    file: str | None = None
    poisson: Text | None = None
    duration: Text | None = None
    seed: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _file_or_poisson(self) -> TrainFormat:
        if (self.file is None) == (self.poisson is None):
            raise ValueError("write either file or poisson")
        if self.poisson is not None and self.duration is None:
            raise ValueError("poisson: a random train needs a duration")
        if self.file is not None and self.duration is not None:
            raise ValueError("file: the file says how long it lasts; delete duration")
        return self


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


def _kind_of_pulses(value: Any) -> str:
    is_train = isinstance(value, dict) and not value.keys().isdisjoint(("file", "poisson"))
    return "train" if is_train or isinstance(value, TrainFormat) else "levels"


Levels = Annotated[list[LevelFormat], Field(min_length=1, max_length=6), BeforeValidator(_as_list)]
Pulses = Annotated[
    Annotated[Levels, Tag("levels")] | Annotated[TrainFormat, Tag("train")],
    Discriminator(_kind_of_pulses),
]


class PostFormat(Strict):
    """Postsynaptic spikes: a burst at a lag from each pulse, or a train of its own."""

    lag: Text | None = None
    burst: LevelFormat | None = None
    levels: Levels | None = None
    train: TrainFormat | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> PostFormat:
        if sum(part is not None for part in (self.lag, self.levels, self.train)) != 1:
            raise ValueError("post: write one of lag, levels or train")
        if self.burst and self.lag is None:
            raise ValueError("burst: a burst needs the lag of its first spike; write lag")
        return self


class PartFormat(Strict):
    """One part of an induction; `after` the last pulse of the part before."""

    name: str = ""
    after: Text | None = None
    pre: Pulses | None = None
    post: PostFormat | None = None
    jitter: Text | None = None
    seed: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _something(self) -> PartFormat:
        if self.pre is None and self.post is None:
            raise ValueError("induction: a part needs pre, post or both")
        if self.pre is None and self.post and self.post.lag is not None:
            raise ValueError("post: a lag needs pre pulses; write levels for spikes alone")
        return self


class TestFormat(Strict):
    """A stretch of test pulses; without a rate none are given."""

    duration: Text
    rate: Text | None = None


class DrugFormat(Strict):
    """A drug in the bath, by default from 5 min before to 10 min after the induction."""

    name: str
    dose: Text | None = None
    from_: Text = Field(default="induction - 5 min", alias="from")
    until: Text = "end + 10 min"


class RecordFormat(Strict):
    """Samples `every` so often, over the whole run or a part of it."""

    every: Text
    from_: Text = Field(default="start", alias="from")
    until: Text | None = None


class MeasureFormat(Strict):
    """The strength is the mean over the `window` that ends `at` this time after the last pulse."""

    at: Text
    window: Text | None = None


def _as_drug(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Drugs = list[Annotated[DrugFormat, BeforeValidator(_as_drug)]]


class ProtocolFormat(Strict):
    """What the experimenter does, for one condition: no axes and no arms left in it."""

    format: Version
    title: str
    source: Words = []
    note: str = ""
    baseline: TestFormat | None = None
    induction: Annotated[list[PartFormat], Field(max_length=MOST)] = []
    follow_up: TestFormat
    bath: dict[str, Text] = {}
    stimulation: Literal["field", "single"] | None = None
    drugs: Annotated[Drugs, Field(max_length=MOST)] = []
    set: Annotated[list[dict[str, Text]], Field(max_length=MOST)] = []
    record: Annotated[list[RecordFormat], Field(max_length=MOST)] = []
    measure: MeasureFormat | None = None


class ProtocolFileFormat(ProtocolFormat):
    """A protocol as it is written: with arms, and lists or ranges where one value may stand.

    Only for the JSON Schema that editors read; the loader takes arms and lists apart first.
    """

    arms: list[dict[str, Any]] = []
