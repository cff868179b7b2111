"""`make sbom`: what the product is made of, as CycloneDX, from the lock files."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "var" / "sbom")
    folder: Path = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = (sys.executable, "-m", "cyclonedx_py", "requirements", "requirements.txt")
    _write((*python, "--output-format", "JSON"), folder / "python.cdx.json")
    npm = ("sh", "scripts/npm.sh", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only")
    _write(npm, folder / "page.cdx.json")


def _write(command: tuple[str, ...], file: Path) -> None:
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    file.write_bytes(told)
    print(f"{file} ({len(told) // 1024} kB)")


if __name__ == "__main__":
    main()
