"""The purposes and retention classes of the platform, as data the operator approves (policy sections 2, 6.1, 10.1).

Their codes are permanent: events, tags and exports carry them.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from governance.vocabulary import LawfulBasis, PurposeEntry, RetentionEntry, Vocabulary


class Purpose(Enum):
    """Why personal data is used; each purpose has exactly one lawful basis."""

    ACCOUNT = "account"
    ISSUANCE = "issuance"
    DEPLOYMENT = "deployment"
    MONITORING = "monitoring"
    KEY_BACKUP = "key_backup"
    PLAN = "plan"
    ACCOUNTING = "accounting"
    SUPPORT = "support"
    SUPPORT_PUBLIC = "support_public"
    OPERATION = "operation"
    IMPROVEMENT = "improvement"
    ANALYTICS = "analytics"
    SERVICE_MAIL = "service_mail"
    POLICY_MAIL = "policy_mail"
    MARKETING = "marketing"
    FEEDBACK = "feedback"
    SECURITY = "security"
    FRAUD = "fraud"
    RIGHTS = "rights"
    ACCOUNTABILITY = "accountability"
    CLAIMS = "claims"


class Retention(Enum):
    """How long data is kept, by class."""

    ACC = "ACC"
    CRED = "CRED"
    DOM = "DOM"
    DNSC = "DNSC"
    AGT = "AGT"
    KEY = "KEY"
    JOB = "JOB"
    PAY = "PAY"
    SEC = "SEC"
    REQ = "REQ"
    USE = "USE"
    ERR = "ERR"
    ANA = "ANA"
    COM = "COM"
    DSR = "DSR"
    CON = "CON"
    POL = "POL"
    SUP = "SUP"
    AUD = "AUD"
    AUB = "AUB"
    LED = "LED"
    BAK = "BAK"


_A, _B, _C, _F = (
    LawfulBasis.CONSENT,
    LawfulBasis.CONTRACT,
    LawfulBasis.LEGAL_OBLIGATION,
    LawfulBasis.LEGITIMATE_INTERESTS,
)
_P = PurposeEntry
PURPOSES: Final[dict[Enum, PurposeEntry]] = {
    Purpose.ACCOUNT: _P("create and run the account, sign in", "2.1", _B, "closing the account"),
    Purpose.ISSUANCE: _P("validate names; order, renew and revoke certificates", "2.1", _B, "removing the domain"),
    Purpose.DEPLOYMENT: _P("register agents, deliver and install certificates", "2.1", _B, "removing the agent"),
    Purpose.MONITORING: _P("check served certificates, warn of expiry", "2.1", _B, "a switch for each domain"),
    Purpose.KEY_BACKUP: _P("keep encrypted copies of private keys", "2.1", _B, "a switch, or deleting the copy"),
    Purpose.PLAN: _P("entitlements and billing state", "2.1", _B, "cancelling"),
    Purpose.ACCOUNTING: _P("keep transaction records", "2.1", _C, "cannot be ended"),
    Purpose.SUPPORT: _P("answer account holders' questions", "2.1", _B, "cannot be ended"),
    Purpose.SUPPORT_PUBLIC: _P("answer people without an account", "2.1", _F, "objection"),
    Purpose.OPERATION: _P("run the service: request log, error reports, health", "2.1", _F, "objection, assessed"),
    Purpose.IMPROVEMENT: _P("counters without a person, scrubbed errors", "2.2", _F, "objection"),
    Purpose.ANALYTICS: _P("web analytics", "2.2", _A, "cookie settings"),
    Purpose.SERVICE_MAIL: _P("expiry, failure, security and plan messages", "2.3", _B, "notification settings"),
    Purpose.POLICY_MAIL: _P("notices of policy changes", "2.3", _C, "cannot be ended"),
    Purpose.MARKETING: _P("news and offers", "2.3", _A, "one click"),
    Purpose.FEEDBACK: _P("ask for feedback", "2.3", _F, "objection, one click"),
    Purpose.SECURITY: _P("protect accounts and infrastructure", "2.4", _F, "objection, assessed"),
    Purpose.FRAUD: _P("prevent abuse of issuance and plans", "2.4", _F, "objection, assessed"),
    Purpose.RIGHTS: _P("rights requests, objections, age rule, orders of authorities", "2.4", _C, "cannot be ended"),
    Purpose.ACCOUNTABILITY: _P("proof of consent, disclosures, audit log", "2.4", _C, "cannot be ended"),
    Purpose.CLAIMS: _P("legal holds and claims", "2.4", _F, "objection, assessed"),
}

_R = RetentionEntry
RETENTION: Final[dict[Enum, RetentionEntry]] = {
    Retention.ACC: _R("account", "life of the account, 30 days after closure", "contract; time to undo"),
    Retention.CRED: _R("credentials, tokens", "until replaced or revoked; sessions at most 30 days", "security"),
    Retention.DOM: _R("domains, CSRs, certificates", "while managed, and 30 days", "contract; time to undo"),
    Retention.DNSC: _R("DNS credentials", "until removed, erased at once", "minimisation"),
    Retention.AGT: _R("agent and server data", "while registered, and 30 days", "contract"),
    Retention.KEY: _R("key-backup envelopes", "until deleted, or certificate end and 30 days", "on request only"),
    Retention.JOB: _R("order, renewal and deployment log, disclosures", "12 months", "support, accountability"),
    Retention.PAY: _R("transactions", "5 years after the financial year", "legal obligation"),
    Retention.SEC: _R("security events, devices", "90 days, then the address is truncated", "legitimate interests"),
    Retention.REQ: _R("request log", "30 days", "operation"),
    Retention.USE: _R("counters", "13 months, then totals", "no person in them"),
    Retention.ERR: _R("error reports", "90 days", "repair"),
    Retention.ANA: _R("analytics at Google", "2 months; cookie at most 13 months", "consent"),
    Retention.COM: _R("support cases, feedback", "24 months after closing; attachments 12", "support history"),
    Retention.DSR: _R("rights requests", "3 years after closing; export files 7 days", "accountability"),
    Retention.CON: _R("consent records", "while in force and 3 years; refusals 6 months", "GDPR Art. 7(1)"),
    Retention.POL: _R("notices, acceptances", "life of the account and 3 years", "section 11 of the policy"),
    Retention.SUP: _R("suppression hashes", "until the person asks otherwise", "needed to honour an objection"),
    Retention.AUD: _R("headers of audit events, pseudonyms only", "3 years", "accountability"),
    Retention.AUB: _R("sealed parts of audit events", "90 days", "security"),
    Retention.LED: _R("erasure ledger, pseudonyms only", "until the last older backup expired", "restore stays erased"),
    Retention.BAK: _R("backups", "35 days rolling, encrypted", "availability"),
}

VOCABULARY: Final = Vocabulary(PURPOSES, RETENTION)
