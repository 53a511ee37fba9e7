"""Headless Chromium, as a reader of pages."""

import tempfile
from pathlib import Path

from . import tools
from .process import Failure

# Without these it calls home, which a machine without a way there waits for.
_QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_QUIET += ["--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage"]


def _chromium(url: str, *flags: str, seconds: float = 60) -> bytes:
    with tempfile.TemporaryDirectory(prefix="blocklog-chromium-") as profile:
        done = tools.run(["chromium", *_QUIET, f"--user-data-dir={profile}", *flags, url], seconds=seconds)
    if done.returncode != 0:
        raise Failure(f"chromium {url} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def page(url: str) -> str:
    """The document as it stands after loading, as HTML."""
    return _chromium(url, "--dump-dom").decode(errors="replace")


def screenshot(url: str, file: Path, width: int = 1280, height: int = 800) -> None:
    """A PNG of the window."""
    _chromium(url, f"--screenshot={file}", f"--window-size={width},{height}", "--hide-scrollbars")
