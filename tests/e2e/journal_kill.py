"""The disk journal under kill -9."""

import os

import harness_path  # noqa: F401
from blocklog_harness import paths, tools
from blocklog_harness.scenario import Scenario, check, contains, main


def run(s: Scenario) -> None:
    """The disk journal under kill -9, 20 times: every acknowledged append is there."""
    # --workspace, so that the dependencies are those already built: a package alone would choose fewer features.
    command = ["cargo", "test", "--locked", "--workspace", "--test", "kill", "--", "--include-ignored", "--nocapture"]
    os.chdir(paths.ROOT)
    done = tools.run(command, seconds=280)
    text = (done.stdout + done.stderr).decode()
    check(done.returncode == 0, f"the test failed:\n{text[-6000:]}")
    contains(text, ["test result: ok. "], "the test's output")
    check("0 passed" not in text, f"no test ran:\n{text}")
    s.step(next((line.strip() for line in text.splitlines() if "kill" in line and "20" in line), "the test passed"))


if __name__ == "__main__":
    main(run)
