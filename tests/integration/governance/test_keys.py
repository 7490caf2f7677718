"""What was sealed for a person opens with that person's key, in its own place, unaltered, or not at all."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from api.models import CONTENT_KEY_TABLE
from governance.clock import ManualClock
from governance.errors import DataSubjectErased, GovernanceError
from governance.ids import DataSubjectId, new_id
from governance.keys import CACHE_TIME, ContentKeys, KeyEncryptionKeys
from tests.integration.conftest import NOON, Platform

CONTEXT = "note.text"


async def person_with_key(keys: ContentKeys) -> DataSubjectId:
    person = DataSubjectId(new_id(ManualClock(NOON)))
    await keys.create(person)
    return person


def another_process(platform: Platform, wrapping: KeyEncryptionKeys) -> ContentKeys:
    """The same keys without this process's cache."""
    return ContentKeys(platform.keys._engine, CONTENT_KEY_TABLE, wrapping, platform.clock)


async def test_sealing_hides_and_unsealing_returns(platform: Platform) -> None:
    person = await person_with_key(platform.keys)
    sealed = [await platform.keys.seal(person, b"a secret", CONTEXT) for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert all(b"a secret" not in text for text in sealed)
    assert await platform.keys.unseal(person, sealed[0], CONTEXT) == b"a secret"
    empty = await platform.keys.seal(person, b"", CONTEXT)
    assert await platform.keys.unseal(person, empty, CONTEXT) == b""


async def test_every_altered_byte_is_noticed(platform: Platform) -> None:
    person = await person_with_key(platform.keys)
    sealed = await platform.keys.seal(person, b"a secret", CONTEXT)
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(GovernanceError):
            await platform.keys.unseal(person, bytes(altered), CONTEXT)
    for length in range(len(sealed)):
        with pytest.raises(GovernanceError):
            await platform.keys.unseal(person, sealed[:length], CONTEXT)


async def test_a_value_moved_to_another_person_or_column_does_not_open(platform: Platform) -> None:
    ada, bob = await person_with_key(platform.keys), await person_with_key(platform.keys)
    sealed = await platform.keys.seal(ada, b"a secret", CONTEXT)
    with pytest.raises(GovernanceError, match="belongs elsewhere"):
        await platform.keys.unseal(bob, sealed, CONTEXT)
    with pytest.raises(GovernanceError, match="belongs elsewhere"):
        await platform.keys.unseal(ada, sealed, "note.title")


async def test_a_wrapped_key_moved_to_another_person_does_not_unwrap(
    platform: Platform, wrapping: KeyEncryptionKeys
) -> None:
    ada, bob = await person_with_key(platform.keys), await person_with_key(platform.keys)
    columns = CONTENT_KEY_TABLE.c
    async with platform.keys._engine.begin() as connection:
        wrapped = await connection.scalar(select(columns.wrapped_key).where(columns.data_subject_id == ada))
        await connection.execute(CONTENT_KEY_TABLE.delete().where(columns.data_subject_id == ada))
        await connection.execute(
            update(CONTENT_KEY_TABLE).where(columns.data_subject_id == bob).values(wrapped_key=wrapped)
        )
    with pytest.raises(GovernanceError):
        await another_process(platform, wrapping).seal(bob, b"x", CONTEXT)


async def test_a_destroyed_key_opens_nothing_here_at_once(platform: Platform) -> None:
    person = await person_with_key(platform.keys)
    sealed = await platform.keys.seal(person, b"a secret", CONTEXT)
    assert await platform.keys.destroy(person) is True
    assert await platform.keys.destroy(person) is False
    with pytest.raises(DataSubjectErased):
        await platform.keys.unseal(person, sealed, CONTEXT)
    with pytest.raises(DataSubjectErased):
        await platform.keys.seal(person, b"more", CONTEXT)


async def test_a_destroyed_key_opens_nothing_elsewhere_after_the_stated_time(
    platform: Platform, wrapping: KeyEncryptionKeys
) -> None:
    elsewhere = another_process(platform, wrapping)
    person = await person_with_key(platform.keys)
    sealed = await elsewhere.seal(person, b"a secret", CONTEXT)
    await platform.keys.destroy(person)
    platform.clock.advance(CACHE_TIME - timedelta(microseconds=1))
    assert await elsewhere.unseal(person, sealed, CONTEXT) == b"a secret"
    platform.clock.advance(timedelta(microseconds=1))
    with pytest.raises(DataSubjectErased):
        await elsewhere.unseal(person, sealed, CONTEXT)


async def test_a_clock_set_back_does_not_prolong_the_cache(platform: Platform, wrapping: KeyEncryptionKeys) -> None:
    elsewhere = another_process(platform, wrapping)
    person = await person_with_key(platform.keys)
    await elsewhere.seal(person, b"a secret", CONTEXT)
    await platform.keys.destroy(person)
    platform.clock.advance(timedelta(hours=-1))
    with pytest.raises(DataSubjectErased):
        await elsewhere.seal(person, b"more", CONTEXT)


async def test_many_who_create_the_same_key_get_one(fresh_platform: Platform, wrapping: KeyEncryptionKeys) -> None:
    person = DataSubjectId(new_id(fresh_platform.clock))
    processes = [another_process(fresh_platform, wrapping) for _ in range(12)]
    await asyncio.gather(*(keys.create(person) for keys in processes))
    async with fresh_platform.keys._engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(CONTENT_KEY_TABLE)) == 1
    sealed = await processes[0].seal(person, b"a secret", CONTEXT)
    assert [await keys.unseal(person, sealed, CONTEXT) for keys in processes] == [b"a secret"] * 12


async def test_a_new_epoch_wraps_new_keys_and_a_destroyed_one_opens_none(
    fresh_platform: Platform, tmp_path: Path
) -> None:
    KeyEncryptionKeys.create_epoch(tmp_path, 1)
    first = another_process(fresh_platform, KeyEncryptionKeys.load(tmp_path))
    ada = await person_with_key(first)
    KeyEncryptionKeys.create_epoch(tmp_path, 2)
    both = another_process(fresh_platform, KeyEncryptionKeys.load(tmp_path))
    bob = await person_with_key(both)
    sealed = {person: await both.seal(person, b"a secret", CONTEXT) for person in (ada, bob)}
    (tmp_path / "epoch-1.key").unlink()
    left = another_process(fresh_platform, KeyEncryptionKeys.load(tmp_path))
    assert await left.unseal(bob, sealed[bob], CONTEXT) == b"a secret"
    with pytest.raises(DataSubjectErased, match="destroyed"):
        await left.unseal(ada, sealed[ada], CONTEXT)


def test_key_files_are_for_their_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "epochs"
    KeyEncryptionKeys.create_epoch(folder, 1)
    key_file = folder / "epoch-1.key"
    assert (key_file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    before = key_file.read_bytes()
    with pytest.raises(FileExistsError):
        KeyEncryptionKeys.create_epoch(folder, 1)
    assert key_file.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["epoch-1.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_file_that_others_reach_is_refused(tmp_path: Path, mode: int) -> None:
    KeyEncryptionKeys.create_epoch(tmp_path, 1)
    (tmp_path / "epoch-1.key").chmod(mode)
    with pytest.raises(GovernanceError, match="chmod 600"):
        KeyEncryptionKeys.load(tmp_path)


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "not hexadecimal", "é" * 64])
def test_a_damaged_key_file_is_refused_without_its_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "epoch-1.key"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(GovernanceError, match=r"epoch-1\.key") as caught:
        KeyEncryptionKeys.load(tmp_path)
    assert not text or text not in str(caught.value)


def test_a_folder_without_a_key_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(GovernanceError, match="create the first epoch"):
        KeyEncryptionKeys.load(tmp_path)
