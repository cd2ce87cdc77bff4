"""make audit (python tests/audit.py FOLDER_OF_TOOLS): what the desk is made of, as CycloneDX in var/sbom.json, and whether an advisory names a part of it.

Where the advisory service cannot be reached it says so and passes: a desk is also built where there is no internet.
"""

import subprocess
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
SBOM = ROOT / "var" / "sbom.json"
ADVISORIES = "https://pypi.org/pypi/requests/2.19.0/json"  # as pip-audit asks; of a version that has some


def main() -> None:
    SBOM.parent.mkdir(exist_ok=True)
    tools = Path(sys.argv[1])
    listing = [f"{tools}/cyclonedx-py", "environment", sys.executable, "--pyproject", "pyproject.toml"]
    subprocess.run([*listing, "--output-file", str(SBOM)], cwd=ROOT, check=True)
    print(f"Every installed package with its version and licence: {SBOM.relative_to(ROOT)}")
    try:
        answers = bool(httpx.get(ADVISORIES, timeout=5).raise_for_status().json().get("vulnerabilities"))
    except (httpx.HTTPError, ValueError):
        answers = False
    if not answers:
        print(f"Not held against advisories: {ADVISORIES} does not tell them here.")
        return
    locked = ["--requirement", "requirements.lock", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    sys.exit(subprocess.run([f"{tools}/pip-audit", *locked], cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
