"""Private keys in text: armoured, in base64 or hexadecimal, as JSON Web Keys, escaped and wrapped in any way.

One rule: undo what mail, JSON, HTML and forms do to a text, then judge what is left; each step is linear in the text.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Iterator
from functools import partial
from urllib.parse import unquote

from api.kit.private_key_der import begins_private_key_der

_ROUNDS = 3
_SHORTEST = 11
"""The shortest mark below, that of a Java key store in base64; taking escapes away makes no text longer."""
_GAP = r"[\s_\-+.=*]{0,12}"
_RULE = "(?:[-=_*#~+]\\s?[-=_*#~+]|[\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d])"
_LABEL = rf"(?:BEGIN|END){_GAP}[A-Z0-9\s_\-+.=*]{{0,32}}?PRIVATE{_GAP}KEY"
_ARMOUR = re.compile(rf"{_RULE}\s{{0,4}}{_LABEL}|{_LABEL}(?:{_GAP}BLOCK)?\s{{0,4}}{_RULE}", re.IGNORECASE)
_BARE_ARMOUR = re.compile(rf"{_LABEL}\W{{0,200}}(?:[A-Za-z0-9+/_-]{{24,}}|Proc-Type|Version:)", re.IGNORECASE)
_OTHER_FORMATS = (  # in lower case, as every text is searched
    "putty-user-key-file-",
    "private-lines:",
    "private-key-format: v",
    "age-secret-key-1",
    "openssh-key-v1",
    "b3blbnnzac1rzxktdje",
)
_XML_KEYS = (
    (re.compile(r"\bRSAKeyValue", re.IGNORECASE), re.compile(r"<(?:\w{1,20}:)?(?:D|DP|DQ|InverseQ)>", re.IGNORECASE)),
    (re.compile(r"\bDSAKeyValue", re.IGNORECASE), re.compile(r"<(?:\w{1,20}:)?X>", re.IGNORECASE)),
)

_ESCAPED = re.compile(r"\\(?:u\{?0{0,4}([0-9a-fA-F]{2})\}?|x([0-9a-fA-F]{2})|([nrtf/\"'\\]))")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "f": "\n"}
_QUOTED_PRINTABLE = re.compile(r"=([0-9A-F]{2})")
_CONCATENATION = re.compile(r"[\"']\s*[+.&]\s*[\"']")
_MARK_UP = re.compile(r"</?[a-zA-Z][^<>]{0,80}>")
_WRAPPING = str.maketrans("-_", "+/", " \t\r\n\v\f\"'`,;|>\\\u2028\u2029\u00a0")

# The first octets of each DER shape, as base64 spells them; a key's text always begins on a whole group.
_BASE64_DER = re.compile(
    r"(?=M(?:[A-I].CAQ.[wCE]|I[E-H].AgE[A-J][MAB]|I[I-L]..[AQgw]IB[A-C]|[A-I].w|I[E-H].M[A-I]|I[I-L]..[DTjz][ABC]))"
)
_BASE64_JAVA_KEY_STORE = ("/u3+7QAAAAE", "/u3+7QAAAAI", "zs7OzgAAAAE", "zs7OzgAAAAI")
_BASE64_ARMOUR = re.compile(r"LS0tLS1CRUdJTi|0tLS0tQkVHSU4|tLS0tLUJFR0lO")
_BASE64_ARMOUR_WIDTH = 160
_BASE64_OBJECT = re.compile(r"(?:eyJ|ewog|ewp|eyAi)[A-Za-z0-9+/]{40,}")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")

_HEXADECIMAL_FILLER = re.compile(r"\\x|0x|[\s:,;\\\-\"'\[\]{}()]+")
_HEXADECIMAL_DER = re.compile(
    r"(?=30(?:80|81..|82.{4}|83.{6}|[0-7].)(?:02010[0-9](?:30|02|04)|30(?:80|81..|82.{4}|[0-7].)06))"
)
_HEXADECIMAL_ARMOUR = re.compile(r"2d2d424547494e20(?:[0-9a-f]{2}){0,40}")
_HEXADECIMAL_JAVA_KEY_STORE = re.compile(r"(?:feedfeed|cececece)0000000[12]")
_NOT_HEXADECIMAL = re.compile(r"[^0-9a-f]")

_KEY_TYPE = re.compile(r"\bkty[\"']?\s*[:=]\s*[\"']?(\w+)", re.IGNORECASE)
_PRIVATE_MEMBER = re.compile(r"(?<![\w.-])[\"']?(?:d|p|q|dp|dq|qi|priv)[\"']?\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{16,}")
_SYMMETRIC_MEMBER = re.compile(r"(?<![\w.-])[\"']?k[\"']?\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{8,}")


def holds_private_key_text(text: str) -> bool:
    """Find a private key anywhere in `text`, under up to three layers of escaping."""
    if len(text) < _SHORTEST:
        return False
    return any(_judge(view) for view in _views(text))


def _views(text: str) -> Iterator[str]:
    view = _folded(text)
    for _ in range(_ROUNDS):
        yield view
        plainer = _unescaped(view)
        if plainer == view:
            return
        view = plainer
    yield view


def _folded(text: str) -> str:
    """Drop what cannot be seen: the NULs of UTF-16, zero-width characters, full-width spelling."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def _unescaped(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    if "%" in text:
        text = unquote(text, errors="replace")
    if "\\" in text:
        text = _ESCAPED.sub(_escaped_character, text)
    if "=" in text:
        text = text.replace("=\r\n", "").replace("=\n", "")
        text = _QUOTED_PRINTABLE.sub(lambda found: chr(int(found[1], 16)), text)
    return text


def _escaped_character(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _CONTROL.get(found[3], found[3])


def _judge(text: str) -> bool:
    return _armoured(text) or _json_web_key(text) or _in_base64(text) or _in_hexadecimal(text)


def _armoured(text: str) -> bool:
    """Search with plain words first: most texts hold none of them, and that costs next to nothing."""
    plain = text.lower()
    if "private" in plain and (_ARMOUR.search(text) or _BARE_ARMOUR.search(text)):
        return True
    if any(mark in plain for mark in _OTHER_FORMATS):
        return True
    return "keyvalue>" in plain and any(opening.search(text) and member.search(text) for opening, member in _XML_KEYS)


def _json_web_key(text: str) -> bool:
    """RFC 7517 and 7518: `d` and the prime members are private, `k` is when the type is `oct`."""
    if "kty" not in text.lower():
        return False
    types = {found.lower() for found in _KEY_TYPE.findall(text)}
    if not types:
        return False
    return bool(_PRIVATE_MEMBER.search(text) or ("oct" in types and _SYMMETRIC_MEMBER.search(text)))


def _in_base64(text: str) -> bool:
    packed = _MARK_UP.sub("", _CONCATENATION.sub("", text)).translate(_WRAPPING)
    if any(opening in packed for opening in _BASE64_JAVA_KEY_STORE):
        return True
    if any(
        begins_private_key_der(partial(_octets_of_base64, packed, at.start())) for at in _BASE64_DER.finditer(packed)
    ):
        return True
    if any(_base64_armour(packed, at.start()) for at in _BASE64_ARMOUR.finditer(packed)):
        return True
    return any(_json_web_key(_decoded(at[0]).decode("latin-1")) for at in _BASE64_OBJECT.finditer(packed))


def _base64_armour(packed: str, found: int) -> bool:
    """Decode around an armour's opening at each of the four places where its base64 may have begun."""
    for start in range(max(0, found - 3), found + 1):
        decoded = _decoded(packed[start : start + _BASE64_ARMOUR_WIDTH])
        if b"PRIVATE" in decoded.upper() and _armoured(decoded.decode("latin-1")):
            return True
    return False


def _octets_of_base64(packed: str, start: int, at: int) -> bytes:
    group, skipped = divmod(at, 3)
    return _decoded(packed[start + 4 * group : start + 4 * group + 36])[skipped:]


def _decoded(piece: str) -> bytes:
    """Decode base64 as far as its alphabet reaches."""
    stop = _NOT_BASE64.search(piece)
    if stop:
        piece = piece[: stop.start()]
    piece = piece[: len(piece) - 1] if len(piece) % 4 == 1 else piece
    return base64.b64decode(piece + "=" * (-len(piece) % 4))


def _in_hexadecimal(text: str) -> bool:
    packed = _HEXADECIMAL_FILLER.sub("", text.lower())
    if _HEXADECIMAL_JAVA_KEY_STORE.search(packed):
        return True
    if any(
        begins_private_key_der(partial(_octets_of_hex, packed, at.start())) for at in _HEXADECIMAL_DER.finditer(packed)
    ):
        return True
    return any(_armoured(bytes.fromhex(at[0]).decode("latin-1")) for at in _HEXADECIMAL_ARMOUR.finditer(packed))


def _octets_of_hex(packed: str, start: int, at: int) -> bytes:
    piece = packed[start + 2 * at : start + 2 * at + 48]
    stop = _NOT_HEXADECIMAL.search(piece)
    if stop:
        piece = piece[: stop.start()]
    return bytes.fromhex(piece[: len(piece) & ~1])
