"""Notes, checkpoints and proofs in the formats of C2SP, with vectors of its specifications."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.transparency.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint
from governance.transparency.errors import ProofRefused
from governance.transparency.hashing import leaf_hash, root_of
from governance.transparency.notes import SignerKey, VerifierKey, open_note, sign_note
from governance.transparency.tlog_proof import TlogProof

SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
ORIGIN = "ssl.example.org/audit"


@pytest.fixture
def signer() -> SignerKey:
    return SignerKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def test_a_public_key_that_others_published_is_read_and_written_alike() -> None:
    key = VerifierKey.parse(SUMDB_KEY)
    assert key.name == "sum.golang.org"
    assert str(key) == SUMDB_KEY


@pytest.mark.parametrize("text", ["", "name", "name+00000000+AAAA", SUMDB_KEY.replace("033d", "133d"), "a+b+%%%"])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        VerifierKey.parse(text)


def test_a_note_opens_with_its_key_and_tells_who_signed(signer: SignerKey) -> None:
    other = SignerKey("witness.example", Ed25519PrivateKey.generate())
    note = sign_note("first\n\nsecond\n", signer, other)
    text, signed_by = open_note(note, [signer.verifier])
    assert text == "first\n\nsecond\n"
    assert signed_by == [signer.verifier]
    assert open_note(note, [other.verifier, signer.verifier])[1] == [signer.verifier, other.verifier]


def test_a_note_of_an_unknown_key_altered_or_without_signature_is_refused(signer: SignerKey) -> None:
    note = sign_note("size 1\n", signer)
    stranger = SignerKey(ORIGIN, Ed25519PrivateKey.generate())
    with pytest.raises(ProofRefused, match="known key"):
        open_note(note, [stranger.verifier])
    with pytest.raises(ProofRefused, match="altered"):
        open_note(note.replace("size 1", "size 2"), [signer.verifier])
    for broken in ("", "size 1\n", "size 1\n\n", note.rstrip("\n"), note.replace("— ", "- "), "x" * 1_000_001):
        with pytest.raises(ProofRefused):
            open_note(broken, [signer.verifier])


def test_a_checkpoint_is_three_lines_and_says_them_again(signer: SignerKey) -> None:
    checkpoint = Checkpoint(ORIGIN, 3, root_of([b"a", b"b", b"c"]))
    assert open_checkpoint(checkpoint.sign(signer), [signer.verifier]) == checkpoint


@pytest.mark.parametrize(
    "lines", [["o", "1"], ["o", "01", ""], ["o", "-1", ""], ["o", "1", "AAAA"], ["o", "²", "AAAA"]]
)
def test_a_malformed_checkpoint_is_refused(lines: list[str]) -> None:
    with pytest.raises(ProofRefused):
        parse_checkpoint("\n".join(lines) + "\n")


def test_a_proof_is_a_file_that_verifies_alone(signer: SignerKey) -> None:
    leaves = [b"a", b"b"]
    checkpoint = Checkpoint(ORIGIN, 2, root_of(leaves)).sign(signer)
    proof = TlogProof(1, (leaf_hash(b"a"),), checkpoint)
    text = str(proof)
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 1\n")
    assert TlogProof.parse(text) == proof
    assert TlogProof.parse(text.replace("@v1\n", "@v1\nextra AAAA\n")) == proof
    assert TlogProof.parse(text).verify(leaf_hash(b"b"), [signer.verifier]).size == 2
    with pytest.raises(ProofRefused):
        proof.verify(leaf_hash(b"c"), [signer.verifier])


def test_a_tree_of_one_has_a_proof_without_hashes(signer: SignerKey) -> None:
    proof = TlogProof(0, (), Checkpoint(ORIGIN, 1, leaf_hash(b"a")).sign(signer))
    assert TlogProof.parse(str(proof)).verify(leaf_hash(b"a"), [signer.verifier]).size == 1


@pytest.mark.parametrize("text", ["", "c2sp.org/tlog-proof@v2\nindex 0\n\n", "c2sp.org/tlog-proof@v1\nindex 00\n\n"])
def test_a_malformed_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        TlogProof.parse(text)
