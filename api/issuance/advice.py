"""What to tell the holder about a problem: what did not happen, what to change, when the next try makes sense.

The rule: the text is ours alone and repeats nothing the authority wrote; its own words stay in the problem.
"""

from __future__ import annotations

from typing import Final

from api.issuance.problems import Problem

_PLACE: Final = "Place the values exactly as shown, then order again."
_LATER: Final = "Order again later; nothing must be changed."

_OTHER: Final = "The certificate authority refused; its reason is attached. Correct it, then order again."

_ADVICE: Final = {
    "rateLimited": "The authority's limit is reached. Order again after the time shown; sooner does not help.",
    "rejectedIdentifier": "The authority does not certify one of these names. Order again without it.",
    "unsupportedIdentifier": "The authority does not certify this kind of name. Remove it from the request.",
    "caa": "A CAA record in the DNS forbids this authority. Add it there for the names listed, then order again.",
    "dns": "The authority could not look up the names listed. Correct their DNS records, then order again.",
    "connection": "The authority could not reach the server of the names listed. Open port 80 to it, then order again.",
    "tls": "The authority could not speak TLS with the names listed. Correct the settings, then order again.",
    "incorrectResponse": f"The authority found another value than the one to place. {_PLACE}",
    "unauthorized": f"The authority found no valid proof for the names listed. {_PLACE}",
    "badCSR": "The authority refuses this certificate signing request. Make a new one with a new key and order again.",
    "badPublicKey": "The authority refuses this public key. Make a new private key and request, and order again.",
    "userActionRequired": "The authority's terms have changed. The operator of this platform must accept them first.",
    "accountDoesNotExist": "The authority no longer knows the platform's account. The operator must register it again.",
    "alreadyRevoked": "This certificate is revoked already; nothing remains to be done.",
    "badRevocationReason": "It was not revoked. Choose unspecified, key compromise, superseded or cessation.",
    "serverInternal": f"The authority has trouble of its own. {_LATER}",
    "order-expired": "The order ran out before every name was proved. Order again and place the values in time.",
    "authorization-ended": f"The names listed could not be proved. {_PLACE}",
    "challenge-not-offered": "The authority does not offer this challenge for the names listed. Choose the other one.",
    "unreachable": f"The certificate authority did not answer. {_LATER}",
    "protocol": f"The certificate authority answered something that its protocol does not allow. {_LATER}",
    "redirect": f"The certificate authority answered with a redirect, which is not followed. {_LATER}",
    "foreign-url": f"The certificate authority named an address that is not its own; nothing was sent there. {_LATER}",
    "certificate-refused": "The authority delivered something else than was ordered; it was thrown away. Order again.",
}

_BY_STATUS: Final = {429: "rateLimited", **dict.fromkeys((500, 502, 503, 504), "serverInternal")}


def advice(problem: Problem) -> str:
    """Return the text for a problem; when names failed for one common reason, the text is about that reason."""
    text = _ADVICE.get(_cause(problem), _OTHER)
    if problem.retry_at is not None:
        text += f" Next try: {problem.retry_at:%Y-%m-%d %H:%M:%S} UTC."
    return text


def _cause(problem: Problem) -> str:
    causes = {each.type.rpartition(":")[2] for each in problem.subproblems}
    common = causes.pop() if len(causes) == 1 else problem.name
    if problem.name in {"authorization-ended", "compound"} and common in _ADVICE:
        return common
    return problem.name if problem.name in _ADVICE else _BY_STATUS.get(problem.status or 0, "")
