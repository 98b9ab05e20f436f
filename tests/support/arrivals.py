"""When requests arrived at the scripted server: what a provider that counts by the minute would have seen."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

MINUTE = 60.0


@dataclass
class Arrivals:
    """Times (seconds of one steady clock) and tokens of all requests, in order of arrival; when the last reply left."""

    times: array[float] = field(default_factory=lambda: array("d"))
    tokens: array[float] = field(default_factory=lambda: array("d"))
    last_reply: float = 0.0

    def add(self, time: float) -> int:
        """Count an arrival; return its number."""
        self.times.append(time)
        self.tokens.append(0.0)
        return len(self.times) - 1

    def spent(self, number: int, tokens: float) -> None:
        """Say what an arrival took, prompt and completion together."""
        self.tokens[number] = tokens

    @property
    def seconds(self) -> float:
        """Seconds from the first arrival to the last reply."""
        return max(0.0, self.last_reply - self.times[0]) if self.times else 0.0

    @property
    def most_requests_in_a_minute(self) -> int:
        """The most arrivals in any sixty seconds."""
        return int(most_in_any(MINUTE, self.times, [1.0] * len(self.times)))

    @property
    def most_tokens_in_a_minute(self) -> int:
        """The most tokens of arrivals in any sixty seconds."""
        return int(most_in_any(MINUTE, self.times, self.tokens))


def most_in_any(span: float, times: Sequence[float], amounts: Sequence[float]) -> float:
    """Return the largest sum of amounts whose times, ascending, lie less than ``span`` apart."""
    inside: deque[tuple[float, float]] = deque()
    total = most = 0.0
    for time, amount in zip(times, amounts, strict=True):
        inside.append((time, amount))
        total += amount
        while time - inside[0][0] >= span:
            total -= inside.popleft()[1]
        most = max(most, total)
    return most
