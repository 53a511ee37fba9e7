"""A chain under load on three brokers while things befall them: what the scenarios on outages have in common."""

import time
from collections.abc import Callable
from typing import Any

from blocklog_verifier import account

from . import faults, lanes, ports, promises, services
from .kafka import Broker
from .mixture import FUNDS, Signer
from .process import wait_until
from .scenario import Scenario, check

BROKERS = 3
KEYS = 2


class Campaign:
    """Three brokers, a chain, its services, lanes that write everything down, and whoever watches."""

    def __init__(self, s: Scenario, partitions: int = 3, genesis: dict[str, Any] | None = None):
        self.s, self.partitions = s, partitions
        self.signers = [Signer(bytes([n + 1]) * 32) for n in range(KEYS)]
        cluster = s.cluster(brokers=BROKERS)
        allocate = [f"{account.text(signer.account)}={FUNDS}" for signer in self.signers]
        self.net = s.net({"partitions": partitions, "allocate": allocate, **(genesis or {})}, cluster.bootstrap, "").init()
        self.brokers = faults.Brokers(cluster, self.net)
        self.book = lanes.Book(s.folder / "attempts.jsonl")
        self.lanes: list[lanes.Lane] = []
        self.watch = faults.Watch(self.net.services)
        # From `begin` on.
        self._gauge: faults.Gauge | None = None

    def __enter__(self) -> "Campaign":
        return self

    def __exit__(self, *_error: object) -> None:
        # Before the processes are ended, which is then no news.
        for lane in self.lanes:
            lane.stop()
        self.watch.stop()
        if self._gauge:
            self._gauge.stop()

    @property
    def gauge(self) -> faults.Gauge:
        if self._gauge is None:
            raise ValueError("the campaign has not begun")
        return self._gauge

    def of(self, kind: str) -> list[services.Service]:
        return [service for service in self.net.services if service.kind == kind]

    def explorer(self) -> None:
        """Of the first ledger."""
        flags = ["--web", f"127.0.0.1:{ports.free(1)[0]}", "--ledger", self.of("ledger")[0].url]
        explorer = services.Service("explorer", "explorer", self.net.folder / "explorer", flags)
        self.net.services.append(explorer.start())

    def begin(self) -> None:
        """To be called once all services are started: waits for them, and looks after them from then on."""
        self.net.await_ready()
        self._gauge = faults.Gauge(self.of("ledger")[0]).start()
        self.watch.start()
        self.chain_id = bytes.fromhex(services.info(self.of("ledger")[0])["chainId"])

    def add(self, kind: type[lanes.Lane], lane: str, **options: Any) -> None:
        """Starts a lane. The first ingest it uses depends on its number, so that lanes are spread."""
        ingests, first = self.of("ingest"), int(lane[1:]) % len(self.of("ingest"))
        ingests = [*ingests[first:], *ingests[:first]]
        self.lanes.append(kind(lane, self.book, self.chain_id, ingests, **options).start())

    def await_load(self, seconds: float = 60) -> None:
        """Waits until something of every lane was acknowledged, and the chain has blocks of it."""

        def flowing() -> bool:
            for lane in self.lanes:
                lane.check()
            answered = {attempt.lane for attempt in list(self.book.attempts) if attempt.outcome == lanes.ACKNOWLEDGED}
            check(
                len(answered) == len(self.lanes),
                f"lanes without an acknowledgement: { {lane.lane for lane in self.lanes} - answered }",
            )
            return self.gauge.height() > 3

        wait_until("all lanes and blocks", flowing, seconds)

    # What happens.

    def fault(self, name: str, act: Callable[[], float]) -> None:
        """Something happens, and everything must heal; `act` says when it began to heal. Prints how long nothing went on."""
        began, acked = time.monotonic(), self.book.acknowledged()
        healing = act()
        insync = self.brokers.await_whole()
        self.watch.revive()
        for service in self.net.services:
            service.await_ready(faults.HEAL_SECONDS)
        self.gauge.await_growth()
        end = time.monotonic()
        moments, blocks = self.book.moments(), [at for at, _ in self.gauge.heights]
        inclusions = [at for at, _ in self.gauge.inclusions]
        gaps = [faults.longest_gap(rows, began, end) for rows in (moments, inclusions)]
        after = [next((at - healing for at in rows if at > healing), float("nan")) for rows in (moments, blocks)]
        self.s.step(
            f"{name}: nothing acknowledged for {gaps[0]:.1f} s, nothing included for {gaps[1]:.1f} s; after healing began "
            f"ack {after[0]:.1f} s, block {after[1]:.1f} s, in sync {insync:.1f} s; "
            f"{self.book.acknowledged() - acked} acknowledged, height {self.gauge.height()}"
        )

    def stop_one(self, broker: Broker, seconds: float = 2) -> float:
        """SIGTERM, and back."""
        broker.stop()
        return self.back_after(seconds, broker)

    def kill(self, *brokers: Broker, seconds: float) -> float:
        """kill -9 of these at once, and back after a time."""
        for broker in brokers:
            broker.kill()
        return self.back_after(seconds, *brokers)

    def back_after(self, seconds: float, *brokers: Broker) -> float:
        time.sleep(seconds)
        healing = time.monotonic()
        self.brokers.start(*brokers)
        return healing

    def freeze(self, broker: Broker, seconds: float, then_kill: bool = False) -> float:
        """SIGSTOP for a time; then it goes on, or is killed and started again."""
        self.brokers.freeze(broker)
        time.sleep(seconds)
        if then_kill:
            return self.kill(broker, seconds=1)
        healing = time.monotonic()
        self.brokers.thaw(broker)
        return healing

    def kill_service(self, service: services.Service, seconds: float = 1.0) -> None:
        """kill -9 of a service, which comes back after a moment, whatever the brokers do meanwhile."""
        self.watch.kill(service)
        time.sleep(seconds)
        self.watch.restart(service)

    # The end.

    def finish(self, seconds: float = 150) -> None:
        """Lets the lanes settle what they have begun; then the topics tell whether every promise was kept."""
        for lane in self.lanes:
            lane.stop()
        deadline = time.monotonic() + seconds
        for lane in self.lanes:
            lane.join(deadline - time.monotonic())
        ended = self.watch.stop()
        self.s.step(
            f"the load is over: {self.book.acknowledged()} of {len(self.book.attempts)} attempts acknowledged; "
            f"processes that ended by themselves: {len(ended)}"
        )
        recount = promises.settle(self.s, self.net, self.of("ledger"), self.partitions, KEYS * FUNDS)
        failures = [*promises.broken(self.book, recount), *ended]
        check(not failures, "\n".join(failures))
        self.s.step("every promise was kept, and no process ended by itself")
