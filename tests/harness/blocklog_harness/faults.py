"""What befalls a cluster: brokers that go away and come back, services that are killed, and a watch over all processes."""

import json
import signal
import threading
import time
from collections.abc import Sequence
from itertools import pairwise

from . import kafka, services, tools
from .process import Failure, Process, wait_until
from .rpc import Channel

# A cluster that was down altogether takes its time on a busy machine.
HEAL_SECONDS = 240


def layout(bootstrap: str, topics: list[str]) -> dict[tuple[str, int], tuple[int, list[int]]]:
    """Leader and in-sync replicas of each partition of these topics, by node."""
    done = tools.run(["kcat", "-L", "-J", "-b", bootstrap, "-m", "10"], seconds=30)
    if done.returncode != 0:
        raise Failure(f"no broker tells of topics:\n{done.stderr.decode(errors='replace')[-500:]}")
    found = {}
    for topic in json.loads(done.stdout)["topics"]:
        for row in topic["partitions"] if topic["topic"] in topics else []:
            found[topic["topic"], row["partition"]] = row["leader"], sorted(replica["id"] for replica in row["isrs"])
    return found


class Brokers:
    """The brokers under one chain."""

    def __init__(self, cluster: kafka.Cluster, net: services.Net):
        self.cluster, self.net = cluster, net
        self.topics = [net.topic("transactions"), net.topic("blockchain")]

    def leader(self, topic: str, partition: int = 0) -> kafka.Broker:
        """Who leads a partition now."""
        node = layout(self.cluster.bootstrap, self.topics)[self.net.topic(topic), partition][0]
        return next(broker for broker in self.cluster.brokers if broker.node == node)

    def others(self, kept: kafka.Broker) -> list[kafka.Broker]:
        return [broker for broker in self.cluster.brokers if broker is not kept]

    def start(self, *brokers: kafka.Broker) -> None:
        """Starts these at once, and waits for their ports."""
        for broker in brokers:
            broker.start(wait=False)
        for broker in brokers:
            broker.await_open()

    def freeze(self, broker: kafka.Broker) -> None:
        """SIGSTOP: its connections stay open, and nobody answers on them."""
        broker.process.signal(signal.SIGSTOP)

    def thaw(self, broker: kafka.Broker) -> None:
        broker.process.signal(signal.SIGCONT)

    def await_whole(self, seconds: float = HEAL_SECONDS) -> float:
        """Waits until all replicas of all partitions are in sync; how long that took."""
        began, all_nodes = time.monotonic(), [broker.node for broker in self.cluster.brokers]

        def whole() -> bool:
            found = layout(self.cluster.bootstrap, self.topics)
            if not found or any(leader < 0 or insync != all_nodes for leader, insync in found.values()):
                raise Failure(f"leaders and replicas in sync: {found}")
            return True

        wait_until("all replicas to be in sync", whole, seconds, every=0.5)
        return time.monotonic() - began


class Watch:
    """Notes every process that ends without having been told to."""

    def __init__(self, processes: Sequence[Process]):
        self.processes = processes
        self.ended: list[str] = []
        self._told: set[Process] = set()
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> "Watch":
        self._thread.start()
        return self

    def kill(self, process: Process) -> None:
        """kill -9, which is then no surprise."""
        with self._lock:
            self._told.add(process)
        process.kill()

    def restart(self, process: Process) -> None:
        """Starts it after `kill`; whether it gets ready is for the caller to see."""
        process.start()
        with self._lock:
            self._told.discard(process)

    def revive(self) -> None:
        """Starts again what ended by itself, as an operator would: the rest is to be seen too. In the thread that lives as long
        as the scenario does: children end with the thread that started them."""
        for process in self.processes:
            if not process.running():
                self.restart(process)

    def stop(self) -> list[str]:
        """What ended by itself: name, exit code, and the end of its log."""
        if not self._stop.is_set():
            self._look()
        self._stop.set()
        return self.ended

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            self._look()

    def _look(self) -> None:
        with self._lock:
            for process in self.processes:
                if process not in self._told and process.child is not None and not process.running():
                    self.ended.append(f"{process.name} ended by itself with {process.exit_code()}\n{process.tail(12)}")
                    self._told.add(process)
                    print(f"           !  {self.ended[-1]}", flush=True)


class Gauge:
    """Looks at a ledger several times a second: when the chain went on."""

    def __init__(self, ledger: services.Service):
        self.ledger = ledger
        self.heights: list[tuple[float, int]] = []
        self.inclusions: list[tuple[float, int]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gauge", daemon=True)

    def start(self) -> "Gauge":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()

    def height(self) -> int:
        """The last one that was seen."""
        return self.heights[-1][1] if self.heights else 0

    def await_growth(self, seconds: float = HEAL_SECONDS) -> None:
        """Waits for new blocks and new inclusions."""
        height, included = self.height(), self.inclusions[-1][1] if self.inclusions else 0
        grown = lambda: self.height() > height and self.inclusions and self.inclusions[-1][1] > included
        wait_until(f"blocks above {height} with more than {included} transactions", grown, seconds)

    def _run(self) -> None:
        channel = Channel(self.ledger.grpc, 10)
        while not self._stop.wait(0.15):
            try:
                info = channel.call("ledger.v1.LedgerService.GetLedgerInfo")
            except (OSError, Failure):
                channel.close()
                continue
            for rows, value in ((self.heights, info["tip"]["height"]), (self.inclusions, info.get("transactions_included", 0))):
                if not rows or rows[-1][1] != value:
                    rows.append((time.monotonic(), value))
        channel.close()


def longest_gap(moments: list[float], begin: float, end: float) -> float:
    """The longest time in between in which nothing happened."""
    inside = [begin, *(at for at in moments if begin < at < end), end]
    return max(after - before for before, after in pairwise(inside))
