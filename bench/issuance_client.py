"""How fast and how dear an order is without storage: order machine and transport against Pebble.

    .venv/bin/python bench/issuance_client.py [--pebbles 2] [--orders 60] [--rounds 5] [--open 12]

One process, several Pebbles without their sleeps, at most two requests under way at each (Pebble deadlocks with
more), `--open` orders open at a time so that waiting for one costs the others nothing. http-01 is answered by a
second process that needs no placing: the answer follows from the path. CPU is that of the client alone.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections import deque
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from api.issuance.account_key import CaAccountKey
from api.issuance.acme import AcmeAuthority
from api.issuance.authority import CaAccount
from api.issuance.challenges import HTTP_PREFIX
from api.issuance.csr import CertificateRequest, read_csr
from api.issuance.order import (
    CaRequest,
    ChallengeType,
    NotifyHolder,
    Order,
    Phase,
    Placed,
    Resume,
    Transition,
    Wait,
    start_order,
    step,
)
from api.issuance.pebble import Pebble, PebbleOptions
from governance.clock import SystemClock

CLOCK = SystemClock()
WATCHDOG_SECONDS = 120.0


@dataclass
class Worker:
    """One authority and our account with it."""

    authority: AcmeAuthority
    account: CaAccount
    requests: int = 0

    async def issue(self, request: CertificateRequest) -> Order:
        order = start_order(request, ChallengeType.HTTP_01, CLOCK.now())
        while not order.is_final:
            event = Placed if order.phase is Phase.AWAITING_PLACEMENT else Resume
            order = await self._carry_out(step(order, event(CLOCK.now())))
            if order.next_action_at is not None and order.phase is not Phase.AWAITING_PLACEMENT:
                await asyncio.sleep(max((order.next_action_at - CLOCK.now()).total_seconds(), 0))
        if order.phase is not Phase.VALID:
            raise RuntimeError(f"an order failed: {order.problem}")
        return order

    async def _carry_out(self, transition: Transition) -> Order:
        queue: deque[CaRequest | Wait | NotifyHolder] = deque(transition.requests)
        while queue:
            request = queue.popleft()
            if not isinstance(request, Wait | NotifyHolder):
                self.requests += 1
                transition = step(transition.order, await self.authority.perform(request, self.account))
                queue.extend(transition.requests)
        return transition.order


class KeyAuthorizations(BaseHTTPRequestHandler):
    """Answer any challenge of one account (its thumbprint is the second argument)."""

    def do_GET(self) -> None:
        content = f"{self.path.removeprefix(HTTP_PREFIX)}.{sys.argv[3]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


def make_requests(count: int, mark: str) -> list[str]:
    private_key = ec.generate_private_key(ec.SECP256R1())
    pems = []
    for number in range(count):
        names = x509.SubjectAlternativeName([x509.DNSName(f"{mark}-{number}.example.com")])
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        signed = builder.add_extension(names, critical=False).sign(private_key, hashes.SHA256())
        pems.append(signed.public_bytes(Encoding.PEM).decode())
    return pems


async def start_worker(pebble: Pebble, stack: AsyncExitStack, processes: ExitStack) -> Worker:
    authority = AcmeAuthority(pebble.description(), CLOCK)
    stack.push_async_callback(authority.close)
    account = await authority.register(CaAccountKey.generate(), terms_agreed=True)
    arguments = [
        sys.executable,
        "-m",
        "bench.issuance_client",
        "responder",
        str(pebble.http_port),
        account.account_key.thumbprint,
    ]
    responder = subprocess.Popen(arguments)  # noqa: ASYNC220 - before anything is measured
    processes.callback(responder.wait)
    processes.callback(responder.terminate)
    await until_listening(pebble.http_port)
    return Worker(authority, account)


async def until_listening(port: int) -> None:
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def run_round(workers: list[Worker], requests: list[CertificateRequest], open_orders: int) -> None:
    waiting = deque(requests)

    async def line(worker: Worker) -> None:
        while waiting:
            await worker.issue(waiting.popleft())

    lines = [line(workers[number % len(workers)]) for number in range(open_orders)]
    async with asyncio.timeout(WATCHDOG_SECONDS):
        await asyncio.gather(*lines)


def show(title: str, values: list[float], unit: str) -> None:
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{title:<34} min {low:8.2f}   median {middle:8.2f}   max {high:8.2f}   {unit}")


async def measure(options: argparse.Namespace) -> None:
    speeds, costs, gates = [], [], []
    async with AsyncExitStack() as stack:
        processes = stack.enter_context(ExitStack())
        quiet = PebbleOptions(answers_http=False)
        pebbles = [stack.enter_context(Pebble(quiet)) for _ in range(options.pebbles)]
        workers = [await start_worker(pebble, stack, processes) for pebble in pebbles]
        await run_round(workers, [read_csr(pem) for pem in make_requests(8, "warm")], options.open)
        for worker in workers:
            worker.requests = 0
        for number in range(options.rounds):
            pems = make_requests(options.orders, f"r{number}")
            cpu = time.process_time()
            requests = [read_csr(pem) for pem in pems]
            gates.append((time.process_time() - cpu) * 1000 / len(pems))
            wall, cpu = time.perf_counter(), time.process_time()
            await run_round(workers, requests, options.open)
            speeds.append(options.orders / (time.perf_counter() - wall))
            costs.append((time.process_time() - cpu) * 1000 / options.orders)
        sent = sum(worker.requests for worker in workers) / (options.rounds * options.orders)
    print(
        f"{options.pebbles} Pebbles, {options.rounds} rounds of {options.orders} one-name orders, {sent:.1f} requests"
    )
    show("orders per second, one process", speeds, "1/s")
    show("client CPU per order", costs, "ms")
    show("request gate per CSR", gates, "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pebbles", type=int, default=2)
    parser.add_argument("--orders", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--open", type=int, default=12)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["responder"]:
        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), KeyAuthorizations).serve_forever()
    else:
        main()
