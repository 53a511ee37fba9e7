"""What an operator can do to topics, through Kafka's own clients: one Java process that takes commands."""

import subprocess
from pathlib import Path
from typing import Any

from . import kafka, paths
from .process import Failure, die_with_parent, piped

SOURCE = paths.KAFKA / "TopicTool.java"


class Operator:
    """Kept for a scenario; it ends with it."""

    def __init__(self, bootstrap: str, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.files = folder, 0
        libraries = f"{kafka.libraries()}/*"
        argv = ["java", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", libraries]
        argv += [f"-Dlog4j2.configurationFile={paths.KAFKA / 'log4j2.properties'}", str(SOURCE), bootstrap]
        with (folder / "operator.log").open("ab") as log:
            self.child = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=die_with_parent,
            )
        self._commands, self._answers = piped(self.child)

    def create(self, topic: str, partitions: int, **settings: object) -> None:
        self._do("create", topic, partitions, *_words(settings))

    def delete(self, topic: str) -> None:
        self._do("delete", topic)

    def set(self, topic: str, **settings: object) -> None:
        """Changes settings of a topic; a dot in a name is written as two underscores."""
        self._do("set", topic, *_words(settings))

    def partitions(self, topic: str, count: int) -> None:
        """Adds partitions, up to `count`."""
        self._do("partitions", topic, count)

    def truncate(self, topic: str, partition: int, offset: int) -> None:
        """Deletes the records below an offset."""
        self._do("truncate", topic, partition, offset)

    def transact(self, topic: str, partition: int, values: list[bytes], commit: bool = True) -> None:
        """Records in one Kafka transaction: its end takes an offset without a record. Those of an aborted one are records too."""
        files = []
        for value in values:
            self.files += 1
            files.append(self.folder / f"value-{self.files}")
            files[-1].write_bytes(value)
        self._do("transact", topic, partition, "commit" if commit else "abort", *files)

    def _do(self, *words: object) -> None:
        self._commands.write(" ".join(map(str, words)) + "\n")
        self._commands.flush()
        # What Kafka's clients log comes in between.
        answer = next((line.strip() for line in self._answers if line.startswith("> ")), "it has ended")
        if answer != "> ok":
            log = (self.folder / "operator.log").read_text(errors="replace")[-2000:]
            raise Failure(f"{' '.join(map(str, words))}: {answer}\n{log}")

    def close(self) -> None:
        self._commands.close()
        self.child.wait(20)


def _words(settings: dict[str, Any]) -> list[str]:
    return [f"{name.replace('__', '.')}={value}" for name, value in settings.items()]
