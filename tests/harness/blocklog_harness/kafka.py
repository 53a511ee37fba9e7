"""Apache Kafka on this machine: the jars, one broker, or three."""

import base64
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from . import paths, ports
from .process import Failure, Process, wait_until

HEAP_MIB = 384
START_SECONDS = 60
FETCH_ATTEMPTS = 3


def libraries() -> Path:
    """The folder of Kafka's jars; fetched by Maven when it is not there yet."""
    folder = Path(os.environ.get("BLOCKLOG_KAFKA_LIBS") or paths.target() / "kafka-libs")
    mark = folder / ".complete"
    pom = (paths.KAFKA / "pom.xml").read_text()
    if mark.exists() and mark.read_text() == pom:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    # Several test processes may come here at once; one fetches, the others wait.
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (mark.exists() and mark.read_text() == pom):
            _fetch(folder)
            mark.write_text(pom)
    return folder


def _fetch(folder: Path) -> None:
    for jar in folder.glob("*.jar"):
        jar.unlink()
    command = ["mvn", "-q", "-B", "-f", str(paths.KAFKA / "pom.xml"), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    for attempt in range(1, FETCH_ATTEMPTS + 1):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if done.returncode == 0:
            return
        time.sleep(2 * attempt)
    raise Failure(f"Maven could not bring Kafka's jars in {FETCH_ATTEMPTS} tries:\n{done.stdout}{done.stderr}")


class Broker:
    """One node, broker and controller at once."""

    def __init__(self, node: int, folder: Path, port: int, controller_port: int):
        self.node = node
        self.folder = folder
        self.port = port
        self.controller_port = controller_port
        self.address = f"127.0.0.1:{port}"
        # What differs from the usual, and more words for the formatting of its folder.
        self.settings: dict[str, Any] = {}
        self.format_flags: list[str] = []
        libs = libraries()
        self._java = ["java", "-cp", f"{libs}/*"]
        argv = [self._java[0], f"-Xmx{HEAP_MIB}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        argv += [f"-Dlog4j2.configurationFile={paths.KAFKA / 'log4j2.properties'}", *self._java[1:]]
        argv += ["kafka.Kafka", str(folder / "server.properties")]
        self.process = Process(f"kafka-{node}", argv, folder / "broker.log", cwd=folder)

    def prepare(self, cluster_id: str, voters: str, brokers: int) -> None:
        """Writes its configuration and formats its log folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        copies = min(3, brokers)
        insync = max(1, copies - 1)
        lines = {
            "process.roles": "broker,controller",
            "node.id": self.node,
            "controller.quorum.voters": voters,
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": insync,
            "transaction.state.log.num.partitions": 1,
            "default.replication.factor": copies,
            "min.insync.replicas": insync,
            "group.initial.rebalance.delay.ms": 0,
            # Retention is a matter of seconds, where a scenario asks for it.
            "log.retention.check.interval.ms": 1000,
            "log.initial.task.delay.ms": 1000,
            # The default of 128 MiB is a third of the heap.
            "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
        }
        if brokers > 1:
            lines["broker.session.timeout.ms"] = 6000
        lines |= self.settings
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        (self.folder / "server.properties").write_text(text)
        command = [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster_id]
        command += ["-c", str(self.folder / "server.properties"), *self.format_flags]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise Failure(f"the log folder of {self.process.name} was not formatted:\n{done.stdout}{done.stderr}")

    def start(self, wait: bool = True) -> None:
        """Starts it, the first time or again, on the same ports and data."""
        self.process.start()
        if wait:
            self.await_open()

    def await_open(self) -> None:
        def up() -> bool:
            if not self.process.running():
                raise Dead(f"{self.process.name} ended while starting\n{self.process.tail()}")
            return ports.is_open(self.port)

        wait_until(f"the port of {self.process.name}, {self.address}", up, START_SECONDS)

    def kill(self) -> None:
        """kill -9: what the page cache holds survives, what the process held does not."""
        self.process.kill()

    def stop(self) -> None:
        self.process.stop(60)


class Dead(Exception):
    """A broker ended by itself; waiting longer is useless."""


class Cluster:
    """One broker or more in a folder of their own, gone when closed."""

    def __init__(self, brokers: int = 1, folder: Path | None = None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="blocklog-kafka-"))
        numbers = ports.free(2 * brokers)
        self.brokers = [
            Broker(n + 1, self.folder / f"broker-{n + 1}", numbers[2 * n], numbers[2 * n + 1]) for n in range(brokers)
        ]
        self.bootstrap = ",".join(broker.address for broker in self.brokers)

    def start(self) -> "Cluster":
        self.prepare()
        for broker in self.brokers:
            broker.start(wait=False)
        for broker in self.brokers:
            broker.await_open()
        return self

    def prepare(self) -> "Cluster":
        """Everything but the start."""
        # A leading '-' would be read as a flag.
        identity = "b" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        voters = ",".join(f"{b.node}@127.0.0.1:{b.controller_port}" for b in self.brokers)
        for broker in self.brokers:
            broker.prepare(identity, voters, len(self.brokers))
        return self

    def close(self) -> None:
        """Ends the brokers and removes their data."""
        for broker in self.brokers:
            broker.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Cluster":
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.close()
