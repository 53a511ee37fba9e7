"""Ways to start the whole chain in one process, good and bad."""

import socket
import stat

from blocklog_harness import dev, load, services, tools
from blocklog_harness.scenario import Scenario, check, contains, equal, main

PORTS = [*range(7001, 7005), *range(9001, 9005), 8080]


def run(s: Scenario) -> None:
    """blocklog-dev on files, on a broker, for a moment only, and where it cannot start."""
    on_files(s)
    on_kafka(s)
    for_a_moment(s)
    busy_ports(s)


def on_files(s: Scenario) -> None:
    chain = dev.Dev(s.folder / "files").start().await_ready()
    check("no block 0" not in chain.output(), "the first start warns of what it does itself a moment later")
    said = chain.announcement()
    equal([account["name"] for account in said["accounts"]], ["alice", "bob", "carol"], "accounts")
    alice = services.account(chain.ledger, said["accounts"][0]["account"])
    equal(alice["balance"], "1000000", "alice's funds")
    modes = {stat.filemode(key.stat().st_mode) for key in (chain.data / "keys").iterdir()}
    equal(modes, {"-rw-------"}, "modes of the key files")
    pay(chain, said["accounts"][0]["key"], said["accounts"][1]["account"])
    s.step("a signed transaction of a funded key is in a block")

    second = dev.Dev(s.folder / "files", name="second").start()
    refused(second, ["in use by", str(chain.pid)])
    height = services.height(chain.ledger)
    equal(chain.stop(), 0, "exit code after SIGTERM")
    chain.start().await_ready()
    equal((services.height(chain.ledger), chain.announcement()["chainId"]), (height, said["chainId"]), "height and chain")
    equal(chain.stop(), 0, "exit code after SIGTERM")
    s.step("a second process on the folder is refused; the next start goes on where the first ended")

    genesis = chain.data / "genesis.json"
    text = genesis.read_text()
    genesis.write_text(text.replace('"dev"', '"other"'))
    refused(chain.start(), [said["chainId"], "genesis"])
    genesis.write_text(text[:100])
    refused(chain.start(), [str(genesis)])
    genesis.unlink()
    refused(chain.start(), [str(genesis), "is missing", "--data"])
    genesis.write_text(text)
    chain.start().await_ready()
    chain.stop()
    blocked = dev.Dev(s.folder / "blocked")
    blocked.data.write_text("a file")
    refused(blocked.start(), [str(blocked.data), "--data"])
    s.step("another genesis, a torn one, none, a file in place of the folder: each is named")


def on_kafka(s: Scenario) -> None:
    net = s.net()
    chain = dev.Dev(s.folder / "kafka", "--journal", net.journal).start().await_ready()
    load.submit(chain, load.rounds(senders=10, per_sender=2))
    services.await_included(chain.ledger, 20)
    height = services.height(chain.ledger)
    chain.kill()
    chain.start().await_ready()
    check(services.height(chain.ledger) >= height, "the chain is there again")
    load.submit(chain, load.rounds(senders=10, per_sender=1, first_nonce=3))
    services.await_included(chain.ledger, 30)
    equal(chain.stop(), 0, "exit code after SIGTERM")
    check(tools.consume(net.bootstrap, net.topic("blockchain")), "blocks on the broker")
    stranger = dev.Dev(s.folder / "stranger", "--journal", net.journal)
    refused(stranger.start(), [net.journal, "holds a chain", "--journal"])
    s.step("the same on a broker: blocks, kill -9, the chain goes on; a folder without its genesis is refused")


def for_a_moment(s: Scenario) -> None:
    chain = dev.Dev(s.folder / "moment")
    # --ephemeral instead of --data.
    at = chain.argv.index("--data")
    chain.argv[at : at + 2] = ["--ephemeral"]
    chain.env = {"TMPDIR": str(s.folder / "moment")}
    chain.start().await_ready()
    load.submit(chain, load.rounds(senders=3, per_sender=1))
    services.await_included(chain.ledger, 3)
    equal(chain.stop(), 0, "exit code after SIGTERM")
    left = [path.name for path in (s.folder / "moment").iterdir() if path.is_dir()]
    equal(left, [], "folders that are left of --ephemeral")
    s.step("--ephemeral leaves nothing")


def busy_ports(s: Scenario) -> None:
    chain = dev.Dev(s.folder / "ports")
    chain.argv.remove("auto")
    chain.argv[chain.argv.index("--ports")] = "--ports=default"
    with socket.socket() as one, socket.socket() as other:
        for holder, port in ((one, 7003), (other, 8080)):
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", port))
            holder.listen()
        refused(chain.start(), ["127.0.0.1:7003", "127.0.0.1:8080", "--ports auto"])
    s.step("ports in use are all named, with the flag that avoids them")


def pay(chain: dev.Dev, key: str, to: str) -> None:
    answer = tools.blocklog(
        "tx",
        "send",
        "--key",
        key,
        "--to",
        to,
        "--amount",
        7,
        "--ingest",
        f"http://{chain.grpc}",
        "--ledger",
        f"http://{chain.ledger.grpc}",
    )
    contains(answer.out, ["INCLUDED"], "the answer to a signed transaction")
    equal(services.account(chain.ledger, to)["balance"], "1000007", "the recipient's balance")


def refused(chain: dev.Dev, words: list[str]) -> None:
    """It ends by itself with exit code 1, and its last words hold these."""
    before = len(chain.output())
    equal(chain.wait(30), 1, f"exit code\n{chain.tail()}")
    contains(chain.output()[max(0, before - 4000) :], words, "what it says")


if __name__ == "__main__":
    main(run)
