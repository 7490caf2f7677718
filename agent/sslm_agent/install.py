"""Put a checked certificate into use, or leave everything as it was.

    1 store the version            2 keep what the target folder holds        3 remember the version in use
    4 switch `current`             5 write the target folder                  6 reload
    7 note the installation        any failure from 4 on: back to 3 and 2, reload again, tell

A kill between any two steps is repaired by running the same steps again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sslm_agent.chain import Chain, check_newer
from sslm_agent.clock import Clock, stamp
from sslm_agent.commands import CommandResult, run_command
from sslm_agent.errors import AgentError, InstallationFailed
from sslm_agent.live import Installation, LiveFolder, certificate_files
from sslm_agent.stored import Stored, store
from sslm_agent.targets import Target

_PREVIOUS_FOLDER = "previous"
_PREVIOUS_FILE = "previous.json"


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """What the user asked for beside the agent's own folder."""

    install_dir: Path | None = None
    reload_command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Installer:
    """Installs one received certificate; `memory` is the folder of its order, which outlives a kill."""

    live: LiveFolder
    plan: InstallPlan
    memory: Path
    clock: Clock

    def install(self, chain: Chain, private_key_pem: bytes, *, certificate_id: str, target_name: str) -> Installation:
        """Install and reload. `InstallationFailed`: everything is as it was before."""
        check_newer(chain, self.live.current_leaf())
        files = certificate_files(chain, private_key_pem)
        serial = chain.leaf.serial
        target = self._target()
        if target is not None:
            target.check()
        self.live.add(serial, files)
        previous = self._remember_previous(target, tuple(files))
        self._put_into_use(serial, previous, target, files)
        self.live.note(
            serial, certificate_id=certificate_id, target_name=target_name, installed_at=stamp(self.clock.now())
        )
        installation = self.live.installation()
        if installation is None:
            raise InstallationFailed("The installation was changed by somebody else meanwhile. Run the command again.")
        return installation

    def _target(self) -> Target | None:
        directory = self.plan.install_dir
        return None if directory is None else Target(directory, self.memory / _PREVIOUS_FOLDER)

    def _remember_previous(self, target: Target | None, names: tuple[str, ...]) -> str | None:
        if target is not None:
            target.keep_previous(names)
        path = self.memory / _PREVIOUS_FILE
        if not path.exists():
            store(path, {"serial": self.live.current_serial()})
        return Stored(path).optional_text("serial")

    def _put_into_use(self, serial: str, previous: str | None, target: Target | None, files: dict[str, bytes]) -> None:
        try:
            self.live.switch(serial)
            if target is not None:
                target.write(files)
        except OSError as error:
            self._go_back(previous, target, tuple(files))
            raise _failure(f"could not be written ({error.strerror})", ()) from error
        result = self._reload()
        if not result.succeeded:
            self._go_back(previous, target, tuple(files))
            again = self._reload()
            told = (
                "with it the previous state was loaded again"
                if again.succeeded
                else "it failed with the previous state too"
            )
            raise _failure(f"was not accepted: the reload command {result.ending}; {told}", result.said.splitlines())

    def _go_back(self, previous: str | None, target: Target | None, names: tuple[str, ...]) -> None:
        self.live.switch(previous)
        if target is not None:
            target.restore(names)

    def _reload(self) -> CommandResult:
        if not self.plan.reload_command:
            return CommandResult(succeeded=True, ending="", said="")
        return run_command(self.plan.reload_command)


def _failure(what: str, detail: tuple[str, ...] | list[str]) -> AgentError:
    return InstallationFailed(
        f"The new certificate {what}. The previous one is in place again; the new one is kept, not in use. "
        "Correct the cause, then run the same command again: it installs without a new order.",
        detail=detail,
    )
