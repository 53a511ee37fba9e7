"""The README's commands, run as they stand there."""

import json
import os
import re
import signal

from blocklog_harness import browser, paths, ports
from blocklog_harness.process import Process, wait_until
from blocklog_harness.scenario import Scenario, check, contains, equal, main

README = paths.ROOT / "README.md"
# Blocks that something else runs.
ELSEWHERE = {
    "cargo run --release": "the scenario first_minute",
    "cargo test --workspace": "the part `test` of .ci/run",
}
PORTS = [7001, 7002, 7003, 7004, 8080, 7012, 7021, 7022, 7023, 7032]
# However the shell ends, nothing that it started is left.
CLEAN = f"""trap 'set +e; trap - EXIT; kill $(jobs -p); "{paths.ROOT}/tests/harness/kafka.py" down' EXIT; trap 'exit 143' TERM"""


def run(s: Scenario) -> None:
    """Every shell block of the README is run: the tutorial in one shell, in the order of the page."""
    blocks = re.findall(r"^```sh ?([^\n]*)\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    untested = [text for tag, text in blocks if not tag and text.strip() not in ELSEWHERE]
    equal(untested, [], "blocks without a tag that nothing runs")
    tutorial = [text for tag, text in blocks if tag == "tutorial"]
    ends = [text for tag, text in blocks if tag == "tutorial-end"]
    equal(({tag for tag, _ in blocks}, len(ends)), ({"", "build", "tutorial", "tutorial-end"}, 1), "tags of blocks")
    taken = [port for port in PORTS if ports.is_open(port)]
    equal(taken, [], "ports of the tutorial that are in use")

    shell = tutorial_shell(s, tutorial, ends[0])
    shell.start()
    try:
        follow(s, shell, len(tutorial))
    finally:
        if shell.running():
            os.killpg(shell.pid, signal.SIGTERM)
            shell.wait(60)


def follow(s: Scenario, shell: Process, blocks: int) -> None:
    """Waits for the blocks of the tutorial, and looks at what they leave."""
    outputs: list[str] = []

    def paused() -> bool:
        outputs[:] = re.split(r"^=== .*\n", shell.output(), flags=re.MULTILINE)[1:]
        if not shell.running():
            raise RuntimeError(f"it ended with {shell.exit_code()} in block {len(outputs)}\n{shell.tail(40)}")
        return len(outputs) == blocks + 1

    wait_until("the tutorial", paused, 240)
    s.step(f"all {blocks} blocks of the tutorial ran without an error")
    look(outputs)
    s.step("they print what the text says")
    home = browser.page("http://127.0.0.1:8080/")
    contains(home, ["article", "luc", "gerald"], "the web page")
    s.step("Chromium finds the chain and both miners on the web page")
    broker = int(json.loads((s.folder / "kafka-up.json").read_text())["bootstrap"].rpartition(":")[2])
    check(ports.is_open(broker), "the broker is not there")
    (s.folder / "go-on").touch()
    equal(shell.wait(60), 0, f"exit code of the tutorial's end\n{shell.tail(40)}")
    wait_until("all to be gone", lambda: not any(ports.is_open(port) for port in PORTS), 30)
    check(not ports.is_open(broker), "the broker goes on after the last block: the tutorial could not be repeated")
    s.step("the last block ended everything, the broker too")


def tutorial_shell(s: Scenario, tutorial: list[str], end: str) -> Process:
    """One shell that runs all blocks as they stand there, with a mark before each; at the last mark it waits to be looked at."""
    script = ["set -euo pipefail", CLEAN, f'export PATH="{paths.binary("blocklog").parent}:$PATH"']
    script += [f'echo "=== {number}"\n{text}' for number, text in enumerate(tutorial)]
    mark = f'echo "=== end"; until [ -e "{s.folder / "go-on"}" ]; do sleep 0.2; done'
    # Once the page has ended everything, nothing else may: what it left would be seen.
    script += [mark, end, "trap - EXIT"]
    path = s.folder / "tutorial.sh"
    path.write_text("\n".join(script))
    # State and temporary folders of this run only; Kafka's jars are those that are there.
    own = {"CARGO_TARGET_DIR": str(s.folder), "TMPDIR": str(s.folder)}
    own["BLOCKLOG_KAFKA_LIBS"] = os.environ.get("BLOCKLOG_KAFKA_LIBS") or str(paths.target().resolve() / "kafka-libs")
    return Process("tutorial", ["bash", path], s.folder / "tutorial.log", env=own, cwd=paths.ROOT)


def look(outputs: list[str]) -> None:
    """What the page promises can be seen."""
    text = "\n".join(outputs)
    three = next(output for output in outputs if '"fromOffset": "0"' in output)
    equal(three.count("VERDICT_INCLUDED"), 3, "records in the article's block")
    contains(three, ['"miner": "luc"', '"reward": "1"', '"sender": "alice"'], "the article's block")
    topic = next(output for output in outputs if output.startswith("offset 0, "))
    contains(topic, ["offset 1, ", "INCLUDED", "luc"], "the topic by kcat and by topic cat")
    contains(text, ["gerald", "daniel"], "the second part")
    check(re.search(r"^ *miners +bl1[0-9a-z]{58} bl1[0-9a-z]{58}$", text, re.MULTILINE), "the consortium's two miners")
    contains(outputs[-3], ["verdict       INCLUDED", "250"], "the consortium's transaction")
    contains(outputs[-2], ["imported       2 candidates", "2 accepted, 0 stale, 0 refused"], "the consortium's archive")


if __name__ == "__main__":
    main(run, limit=420)
