"""The first minute of somebody who has just cloned the repository."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from blocklog_harness import browser, paths, tools
from blocklog_harness.process import Failure, Process, wait_until
from blocklog_harness.scenario import Scenario, check, contains, equal, main

BUILD_SECONDS = 1100
FIRST_BLOCK_SECONDS = 10


def run(s: Scenario) -> None:
    """`cargo run --release` in a fresh copy, the banner's own commands, a browser, Ctrl-C, and again."""
    home = copy()
    chain = Process("cargo run --release", ["cargo", "run", "--release"], s.folder / "dev.log", cwd=home)
    commands, web = start(chain, BUILD_SECONDS)
    s.step("built and started by `cargo run --release` in an empty copy of the repository")
    modes = {key.name: oct(key.stat().st_mode & 0o777) for key in (home / "blocklog-data" / "keys").iterdir()}
    equal(modes, {"alice.pem": "0o600", "bob.pem": "0o600", "carol.pem": "0o600"}, "key files")

    first = follow_banner(s, home, commands)
    watch(s, web, first)
    height, chain_id = tip(commands)
    ctrl_c(chain)
    s.step("Ctrl-C ended it with exit code 0")

    commands, web = start(chain, 120)
    check(tip(commands) >= (height, chain_id) and tip(commands)[1] == chain_id, "the same chain, not below its height")
    follow_banner(s, home, commands, again=True)
    check(tip(commands)[0] > height, "the chain goes on")
    watch(s, web, first)
    ctrl_c(chain)
    s.step(f"started again: the same chain went on from height {height}")


def copy() -> Path:
    """What a clone would hold, at a place that stays the same, so that Cargo builds what has changed."""
    home = paths.target() / "first-minute"
    shutil.rmtree(home, ignore_errors=True)
    listed = tools.run(["git", "-C", paths.ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, place = paths.ROOT / name, home / name
        if source.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place)
    # One target folder for all: nothing is built twice.
    os.environ["CARGO_TARGET_DIR"] = str(paths.target().resolve())
    return home


def start(chain: Process, seconds: float) -> tuple[list[str], str]:
    """Starts it, and waits for its banner: the commands to try, and the address of the web pages."""
    before = len(chain.output())
    chain.start()

    def banner() -> re.Match:
        if not chain.running():
            raise RuntimeError(f"it ended with {chain.exit_code()}\n{chain.tail()}")
        found = re.search(r"^  web +(http://\S+)$.*^Try:\n(.*)\n\n", chain.output()[before:], re.DOTALL | re.MULTILINE)
        if not found:
            raise Failure(chain.tail(3))
        return found

    web, text = wait_until("the banner", banner, seconds).groups()
    commands = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    equal(len(commands), 3, f"commands to try, of {commands}")
    return commands, web


def follow_banner(s: Scenario, home: Path, commands: list[str], again: bool = False) -> dict:
    """Runs the commands exactly as they are printed; what the first one sent."""
    began = time.monotonic()
    sent = json.loads(shell(home, commands[0]))["transaction"]
    get = {"id": sent["id"]}

    def included() -> bool:
        found = tools.call(ledger(commands), "ledger.v1.LedgerService/GetTransaction", get)
        return "INCLUDED" in json.dumps(found)

    wait_until("the transaction in a block", included, FIRST_BLOCK_SECONDS)
    s.step(f"the first command's transaction was in a block after {time.monotonic() - began:.1f} s")
    contains(shell(home, commands[1]), ["dave", "erin", '"height": "1"'], "block 1")
    contains(shell(home, commands[2], BUILD_SECONDS), ["included", "erin"], "the answer to the signed transaction")
    s.step("the other commands of the banner did what they say" + (", again" if again else ""))
    return sent


def shell(home: Path, command: str, seconds: float = 60) -> str:
    done = subprocess.run(
        ["bash", "-c", command], cwd=home, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
    )
    equal(done.returncode, 0, f"exit code of {command}\n{done.stdout}{done.stderr}")
    return done.stdout


def ledger(commands: list[str]) -> str:
    """Its address, as the banner's second command has it."""
    return commands[1].split()[-2]


def tip(commands: list[str]) -> tuple[int, str]:
    """Height, chain id."""
    info = tools.call(ledger(commands), "ledger.v1.LedgerService/GetLedgerInfo")
    return int(info["tip"]["height"]), info["chainId"]


def watch(s: Scenario, web: str, sent: dict) -> None:
    """Home, block 1 and the transaction in a browser."""
    block = browser.page(f"{web}/blocks/1")
    contains(block, ["Block 1", "dave", "erin", "INCLUDED", sent["id"]], "the page of block 1")
    [block_hash] = re.findall(r'id="hash">([0-9a-f]{64})<', block)
    contains(browser.page(f"{web}/"), ["Blocklog", "/blocks/1", block_hash], "home")
    transaction = browser.page(f"{web}/transactions/{sent['id']}")
    contains(transaction, [sent["id"], "dave", "erin", "INCLUDED", block_hash], "the page of the transaction")
    s.step("Chromium finds the values on home, block and transaction")


def ctrl_c(chain: Process) -> None:
    """As a terminal does it: to the whole foreground group."""
    os.killpg(chain.pid, signal.SIGINT)
    equal(chain.wait(30), 0, f"exit code after Ctrl-C\n{chain.tail()}")


if __name__ == "__main__":
    main(run, limit=1350)
