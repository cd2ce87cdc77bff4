"""make audit (python tests/audit.py FOLDER_OF_TOOLS): what the desk is made of, as CycloneDX in var/sbom.json, and whether an advisory names a part of it.

Where the advisory service cannot be reached it says so and passes: a desk is also built where there is no internet.
"""

import subprocess
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
SBOM = ROOT / "var" / "sbom.json"
ADVISORIES = "https://pypi.org/pypi/pip/json"  # what pip-audit asks, of each package


def main() -> None:
    SBOM.parent.mkdir(exist_ok=True)
    tools = Path(sys.argv[1])
    listing = [f"{tools}/cyclonedx-py", "environment", sys.executable, "--pyproject", "pyproject.toml"]
    subprocess.run([*listing, "--output-file", str(SBOM)], cwd=ROOT, check=True)
    print(f"Every installed package with its version and licence: {SBOM.relative_to(ROOT)}")
    try:
        httpx.get(ADVISORIES, timeout=5).raise_for_status()
    except httpx.HTTPError as error:
        print(f"Not held against advisories: {ADVISORIES} cannot be reached ({type(error).__name__}).")
        return
    locked = ["--requirement", "requirements.lock", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    sys.exit(subprocess.run([f"{tools}/pip-audit", *locked], cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
