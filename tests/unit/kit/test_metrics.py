"""Metrics stay bounded and belong to one registry."""

from __future__ import annotations

from api.kit.metrics import Metrics, render


def test_unknown_operations_count_as_one() -> None:
    metrics = Metrics(operations=frozenset({"SignIn"}))
    metrics.operation("SignIn", "allowed", 0.01)
    for number in range(100):
        metrics.operation(f"Anything{number}", "allowed", 0.01)
    text = render(metrics.registry).decode()
    assert 'sslm_operations_total{operation="SignIn",outcome="allowed"} 1.0' in text
    assert 'sslm_operations_total{operation="other",outcome="allowed"} 100.0' in text
    assert "Anything" not in text


def test_two_registries_know_nothing_of_each_other() -> None:
    first, second = Metrics(), Metrics()
    first.order("issued")
    assert 'sslm_orders_total{outcome="issued"}' in render(first.registry).decode()
    assert 'outcome="issued"' not in render(second.registry).decode()


def test_counts_kept_elsewhere_are_read_when_asked_for() -> None:
    metrics, counted = Metrics(), [0]
    metrics.watch_audit(lambda: counted[0], lambda: 7)
    metrics.watch_pool(lambda: 2, lambda: 8)
    counted[0] = 3
    text = render(metrics.registry).decode()
    assert "sslm_audit_batches 3.0" in text
    assert "sslm_database_connections_idle 8.0" in text


def test_every_counter_counts() -> None:
    metrics = Metrics()
    metrics.request("/graphql", 200, 0.01)
    metrics.job("send_delivery", "done", 0.1)
    metrics.claimed("delivery", 3)
    metrics.recovered(2)
    metrics.delivery("service", "sent")
    metrics.removed("removeThrottles", 5)
    text = render(metrics.registry).decode()
    for line in (
        'sslm_http_requests_total{route="/graphql",status="200"} 1.0',
        'sslm_jobs_total{outcome="done",task="send_delivery"} 1.0',
        'sslm_claims_total{queue="delivery"} 3.0',
        "sslm_jobs_recovered_total 2.0",
        'sslm_deliveries_total{outcome="sent",tag="service"} 1.0',
        'sslm_removed_rows_total{step="removeThrottles"} 5.0',
    ):
        assert line in text
