"""What a plan costs when it is kept, and when it has to be made: parsed, validated, walked and compiled.

`python -m bench.graphql.plan_cache` prints microseconds, minimum, median and maximum, for each question. A miss is
another operation name each time, so another text.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from api.execution.plans import Plans
from api.graphql.schema import schema_map
from bench.graphql.questions import Question, questions

HITS: Final = 2000
MISSES: Final = 100
_BATCH: Final = 100


def hit(plans: Plans, question: Question) -> list[float]:
    """Time batches: one look-up is too short for the clock."""
    variables = question.body()["variables"]
    plans.plan(question.document, question.operation, variables)
    times = []
    for _ in range(HITS // _BATCH):
        began = time.perf_counter()
        for _ in range(_BATCH):
            plans.plan(question.document, question.operation, variables)
        times.append((time.perf_counter() - began) / _BATCH * 1e6)
    return times


def miss(plans: Plans, question: Question) -> list[float]:
    """Time documents nobody sent before."""
    variables = question.body()["variables"]
    times = []
    for number in range(MISSES):
        name = f"{question.operation}{number}"
        document = question.document.replace(question.operation, name, 1)
        began = time.perf_counter()
        plans.plan(document, name, variables)
        times.append((time.perf_counter() - began) * 1e6)
    return times


def main() -> None:
    asked = questions(datetime(2030, 1, 1, tzinfo=UTC)).values()
    plans = Plans(schema_map())
    measured: tuple[tuple[str, Callable[[Plans, Question], list[float]]], ...] = (("hit", hit), ("miss", miss))
    for title, measure in measured:
        for question in asked:
            values = measure(plans, question)
            low, middle, high = min(values), statistics.median(values), max(values)
            print(f"{question.key} {title} µs   min {low:9.1f}   median {middle:9.1f}   max {high:9.1f}")


if __name__ == "__main__":
    main()
