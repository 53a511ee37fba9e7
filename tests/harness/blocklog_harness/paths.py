"""Where things are, seen from this checkout."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
KAFKA = ROOT / "tests" / "harness" / "kafka"


def target() -> Path:
    """Cargo's target directory."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")


def binary(name: str) -> Path:
    """A built binary of the development profile (BLOCKLOG_BIN names another folder)."""
    folder = Path(os.environ.get("BLOCKLOG_BIN") or target() / "debug")
    path = folder / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built: run `cargo build --workspace`")
    return path


def example(name: str) -> Path:
    """A built example of the development profile."""
    path = target() / "debug" / "examples" / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built: run `cargo build --workspace --all-targets`")
    return path
