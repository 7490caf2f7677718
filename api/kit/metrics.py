"""What the platform counts for its operators; no label can tell anybody apart.

One rule: every label has a closed set of values, so neither memory nor the answer of /metrics grows with its callers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
OTHER: Final = "other"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_JOB_SECONDS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 120.0)


class Metrics:
    """One process's counters, in a registry of their own. Made once and handed to whoever counts.

    `operations` are the names of operations that are told apart; all others count as `other`.
    """

    def __init__(self, *, operations: frozenset[str] = frozenset()) -> None:
        self.registry = CollectorRegistry()
        self._operations = operations
        self._count_of: dict[tuple[str, int], Counter] = {}
        self._times_of: dict[str, Histogram] = {}
        self._operation_of: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._requests = self._counter("http_requests", "Requests answered", "route", "status")
        self._request_seconds = self._histogram("http_request_seconds", "Time to answer", _SECONDS, "route")
        self._operation_count = self._counter("operations", "GraphQL operations", "operation", "outcome")
        self._operation_seconds = self._histogram("operation_seconds", "Time of an operation", _SECONDS, "operation")
        self._path_of: dict[str, Counter] = {}
        self._paths = self._counter("plans", "Operations by how they were answered", "path")
        self._jobs = self._counter("jobs", "Jobs that ended", "task", "outcome")
        self._job_seconds = self._histogram("job_seconds", "Time of a job", _JOB_SECONDS, "task")
        self._claims = self._counter("claims", "Rows claimed when due", "queue")
        self._recovered = self._counter("jobs_recovered", "Jobs of dead workers put back")
        self._deliveries = self._counter("deliveries", "Attempts to send a mail", "tag", "outcome")
        self._orders = self._counter("orders", "Orders that ended", "outcome")
        self._removed = self._counter("removed_rows", "Rows removed by maintenance", "step")
        self._connections = Gauge(
            "sslm_open_connections", "Connections for events that are open", ("transport",), registry=self.registry
        )
        self._events = self._counter("live_answers", "Answers on connections that stay open", "transport", "outcome")
        self._socket_closes = self._counter("socket_closes", "Sockets that we closed", "code")

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count an answer; `route` is the pattern that matched, never the path."""
        count = self._count_of.get((route, status))
        if count is None:  # looking labels up is dearer than counting
            count = self._count_of[route, status] = self._requests.labels(route, str(status))
        count.inc()
        times = self._times_of.get(route)
        if times is None:
            times = self._times_of[route] = self._request_seconds.labels(route)
        times.observe(seconds)

    def operation(self, name: str, outcome: str, seconds: float) -> None:
        """Count a GraphQL operation under its name if it is a known one."""
        known = name if name in self._operations else OTHER
        found = self._operation_of.get((known, outcome))
        if found is None:
            found = self._operation_count.labels(known, outcome), self._operation_seconds.labels(known)
            self._operation_of[known, outcome] = found
        found[0].inc()
        found[1].observe(seconds)

    def job(self, task: str, outcome: str, seconds: float) -> None:
        """Count a job that ended."""
        self._jobs.labels(task, outcome).inc()
        self._job_seconds.labels(task).observe(seconds)

    def claimed(self, queue: str, rows: int) -> None:
        """Count rows that came due."""
        self._claims.labels(queue).inc(rows)

    def recovered(self, jobs: int) -> None:
        """Count jobs whose worker died."""
        self._recovered.inc(jobs)

    def delivery(self, tag: str, outcome: str) -> None:
        """Count an attempt to send a mail: sent, deferred, failed or refused."""
        self._deliveries.labels(tag, outcome).inc()

    def order(self, outcome: str) -> None:
        """Count an order that ended: issued, or the kind of failure."""
        self._orders.labels(outcome).inc()

    def removed(self, step: str, rows: int) -> None:
        """Count what maintenance removed or shortened."""
        self._removed.labels(step).inc(rows)

    def connection(self, transport: str, change: int) -> None:
        """Count a connection that was opened (1) or closed (-1): a socket, or an event stream."""
        self._connections.labels(transport).inc(change)

    def event(self, transport: str, outcome: str) -> None:
        """Count an answer on such a connection: sent, or refused."""
        self._events.labels(transport, outcome).inc()

    def socket_closed(self, code: int) -> None:
        """Count a socket that we closed, by the code of the close frame."""
        self._socket_closes.labels(str(code)).inc()

    def watch_audit(self, batches: Callable[[], float], events: Callable[[], float]) -> None:
        """Read the audit writer's own counts whenever the metrics are asked for."""
        self._read_gauge("audit_batches", "Batches of audit events written", batches)
        self._read_gauge("audit_events", "Audit events written", events)

    def watch_listening(self, connected: Callable[[], float]) -> None:
        """Read whether the database's notices are heard whenever the metrics are asked for."""
        self._read_gauge("listening", "1 while the database's notices are heard", connected)

    def watch_pool(self, in_use: Callable[[], float], idle: Callable[[], float]) -> None:
        """Read the fill of the database pool whenever the metrics are asked for."""
        self._read_gauge("database_connections_in_use", "Database connections in use", in_use)
        self._read_gauge("database_connections_idle", "Database connections waiting for use", idle)

    def watch_reads(self, in_use: Callable[[], float], idle: Callable[[], float]) -> None:
        """Read the fill of the pool of compiled reads whenever the metrics are asked for."""
        self._read_gauge("reader_connections_in_use", "Connections of compiled reads in use", in_use)
        self._read_gauge("reader_connections_idle", "Connections of compiled reads waiting for use", idle)

    def path(self, path: str) -> None:
        """Count how an operation was answered: compiled, mixed or resolved."""
        count = self._path_of.get(path)
        if count is None:
            count = self._path_of[path] = self._paths.labels(path)
        count.inc()

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"sslm_{name}", meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"sslm_{name}", meaning, labels, buckets=buckets, registry=self.registry)

    def _read_gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        Gauge(f"sslm_{name}", meaning, registry=self.registry).set_function(read)


def render(registry: CollectorRegistry) -> bytes:
    """Return the metrics in the text format of Prometheus; `CONTENT_TYPE` is its media type."""
    return generate_latest(registry)
