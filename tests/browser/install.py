"""Find a Chromium for the browser tests, or install one: `python -m tests.browser.install`."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> str | None:
    """Path of a system Chromium, or None: then Playwright's own download is used."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _debian() -> bool:
    """Install Debian's package where this user may; whether a browser is there afterwards."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
            return False
    return chromium() is not None


def main() -> int:
    """0 when a browser is there or could be installed."""
    if chromium() or _debian():
        return 0
    return subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
