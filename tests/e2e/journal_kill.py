"""The disk journal under kill -9."""

import os
import re

from blocklog_harness import paths, tools
from blocklog_harness.scenario import Scenario, check, contains, main


def run(s: Scenario) -> None:
    """The disk journal under kill -9, 20 times: every acknowledged append is there."""
    # --workspace, so that the dependencies are those already built: a package alone would choose fewer features.
    command = ["cargo", "test", "--locked", "--workspace", "--test", "disk", "--"]
    command += ["--ignored", "--exact", "--nocapture", "kill::survives_kill_9_twenty_times"]
    os.chdir(paths.ROOT)
    done = tools.run(command, seconds=280)
    text = (done.stdout + done.stderr).decode()
    check(done.returncode == 0, f"the test failed:\n{text[-6000:]}")
    contains(text, ["test result: ok. 1 passed", "round 20: killed"], "the test's output")
    appends = [int(count) for count in re.findall(r"^round .*, (\d+) appends acknowledged$", text, re.MULTILINE)]
    s.step(f"killed {len(appends)} times; each of {sum(appends)} acknowledged appends was there afterwards")


if __name__ == "__main__":
    main(run)
