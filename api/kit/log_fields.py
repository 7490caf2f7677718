"""The fields a log record may have, and nothing else (clause 1.4-a).

One rule: a field that is not here is not logged. Whatever can hold something about a person names its data category
and its retention class, so that the register can list it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LogField:
    """One field. `category` is a data category where the field can be about a person, empty where it cannot."""

    name: str
    meaning: str
    category: str = ""
    retention: str = ""

    @property
    def personal(self) -> bool:
        """Tell whether the field belongs in the data register."""
        return bool(self.category)


_F = LogField
_REQUEST_LOG: Final = "REQ"
_ERROR_REPORTS: Final = "ERR"
_ADDRESS: Final = "user.device.ip_address"
_PSEUDONYM: Final = "user.unique_id.pseudonymous"
_REFERENCE: Final = "user.unique_id"

LOG_FIELDS: Final[tuple[LogField, ...]] = (
    # Every record.
    _F("event", "static name of what happened, in lower-case words joined by underscores"),
    _F("at", "time, UTC"),
    _F("level", "debug, info, warning, error or critical"),
    _F("logger", "the part of the program, or the library, that speaks"),
    _F("source", "file and line of a library's record; its text is not logged, because it may hold input"),
    _F("template", "format string of a library's record, without the values"),
    # Requests.
    _F("request_id", "random id of one request, also shown in its answer", _REFERENCE, _REQUEST_LOG),
    _F("address", "caller's address, cut to a network: IPv4 /24, IPv6 /48", _ADDRESS, _REQUEST_LOG),
    _F("method", "HTTP method"),
    _F("route", "the pattern of the path that was matched, never the path itself or its query"),
    _F("status", "HTTP status"),
    _F("close_code", "code with which a WebSocket was closed; 0 where none was"),
    _F("operation", "name of a GraphQL operation that we know, or its class"),
    _F("document", "hash of a GraphQL document"),
    _F("cost", "what an operation was charged"),
    _F("role", "in what capacity the caller acts"),
    _F("pseudonym", "the caller's pseudonym of the audit log", _PSEUDONYM, _REQUEST_LOG),
    _F("milliseconds", "how long it took"),
    _F("bytes", "size of a message"),
    # Errors.
    _F("error", "type of an exception, never its text"),
    _F("causes", "types of the exceptions that led to it"),
    _F("code", "permanent code of an error that may be shown"),
    _F("message", "text of an error that may be shown; it repeats no input"),
    _F("frames", "our own places in the code, innermost last"),
    _F("reason", "one of a fixed list of reasons, as a word"),
    _F("rule", "name of the rule that input broke"),
    _F("field_path", "path of the input that broke it"),
    # Work.
    _F("row_id", "id of the row a job advances", _REFERENCE, _ERROR_REPORTS),
    _F("order_id", "id of an order", _REFERENCE, _ERROR_REPORTS),
    _F("delivery_id", "id of a mail", _REFERENCE, _ERROR_REPORTS),
    _F("generation", "fencing token of a claim"),
    _F("job_id", "number of a job in the queue"),
    _F("task", "name of a task"),
    _F("queue", "name of a queue, or of the table that has something due"),
    _F("action", "what the queue's library says it does, one word"),
    _F("attempts", "how often it was tried"),
    _F("outcome", "how it ended, one word"),
    _F("phase", "state of an order's machine"),
    _F("state", "state that people see"),
    _F("retry_at", "when it is tried again"),
    _F("seconds", "a duration"),
    _F("step", "name of a step of maintenance"),
    _F("rows", "how many rows"),
    _F("events", "how many audit events"),
    _F("jobs", "how many jobs"),
    _F("count", "how many"),
    _F("batches", "how many batches"),
    # Mail and the certificate authority.
    _F("mail_template", "name of a mail template"),
    _F("mail_tag", "service, policy, rights, marketing or feedback"),
    _F("reply_code", "three-digit reply code of a mail server"),
    _F("authority", "configured name of a certificate authority"),
    _F("ca_request", "kind of a request to a certificate authority"),
    _F("ca_status", "HTTP status of its answer"),
    _F("problem_type", "problem type of RFC 8555 section 6.7"),
    # Running the platform.
    _F("version", "version of a part"),
    _F("mode", "production or development"),
    _F("host", "address we listen on"),
    _F("port", "port we listen on"),
    _F("url", "our own configured address, without login and query"),
    _F("folder", "configured folder"),
    _F("process", "which of our processes"),
    _F("pid", "number of one of our processes"),
    _F("database", "name of a database"),
    _F("revision", "revision of a schema"),
    _F("setting", "name of a setting"),
    _F("concurrency", "how many at once"),
)
"""The whole log schema."""

LOG_FIELD_NAMES: Final = frozenset(field.name for field in LOG_FIELDS)
