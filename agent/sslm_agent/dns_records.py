"""dns-01: records placed by a command of the user's, or by the user.

The command is called as `CMD add NAME VALUE` and `CMD remove NAME VALUE`; both must bear repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sslm_agent.challenges import DNS_01, DnsChallenge, HttpChallenge
from sslm_agent.commands import run_command
from sslm_agent.errors import PlacementFailed, Unfinished
from sslm_agent.progress import Progress


class DnsHook:
    """Places records by a command."""

    challenge_type = DNS_01

    def __init__(self, words: Sequence[str], progress: Progress) -> None:
        self._words = tuple(words)
        self._progress = progress
        self._placed: list[DnsChallenge] = []

    def place(self, challenges: tuple[HttpChallenge | DnsChallenge, ...], *, validating: bool) -> None:
        """Call the command once for each record; it must return when the record can be seen."""
        del validating
        for challenge in challenges:
            if isinstance(challenge, DnsChallenge) and challenge not in self._placed:
                self._placed.append(challenge)
                result = run_command((*self._words, "add", challenge.name, challenge.value))
                if not result.succeeded:
                    raise PlacementFailed(
                        f"The DNS command {result.ending}, so {challenge.name} may not be placed. "
                        "Nothing was confirmed. Correct the command and run this again.",
                        detail=result.said.splitlines(),
                    )

    def remove(self) -> None:
        """Call the command to remove each record; a failure is told and changes nothing else."""
        for challenge in self._placed:
            result = run_command((*self._words, "remove", challenge.name, challenge.value))
            if not result.succeeded:
                self._progress.step(
                    f"The DNS command {result.ending} while removing {challenge.name}; remove it by hand."
                )
        self._placed.clear()


class DnsByHand:
    """Shows the records and waits for the user; without one the run ends and a later one says `placed`."""

    challenge_type = DNS_01

    def __init__(self, progress: Progress, *, placed: bool, wait_for_user: Callable[[], bool]) -> None:
        self._progress = progress
        self._said_placed = placed
        self._wait_for_user = wait_for_user
        self._shown: list[DnsChallenge] = []

    def place(self, challenges: tuple[HttpChallenge | DnsChallenge, ...], *, validating: bool) -> None:
        """Return when the user says that the records are there."""
        if validating:
            return
        self._shown = [challenge for challenge in challenges if isinstance(challenge, DnsChallenge)]
        self._progress.step("Place these TXT records:")
        for challenge in self._shown:
            self._progress.step(f"  {challenge.name}. TXT {challenge.value}")
        if not self._said_placed and not self._wait_for_user():
            raise Unfinished(
                "The records above wait to be placed. Nothing was confirmed; the order is kept. "
                "Place them, then run the same command again with --placed.",
                detail=[f"{challenge.name}. TXT {challenge.value}" for challenge in self._shown],
            )

    def remove(self) -> None:
        """Nothing to do: the records are the user's."""
