"""Serve the demo club.

python -m actions.sandbox --port 8001 --token-file var/sandbox.secret
"""

import argparse
import os
import threading
import time
from pathlib import Path

import uvicorn

from actions.sandbox.app import create_app
from db.desk import DESKS
from db.settings import VAR


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the demo club on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--database", type=Path, default=VAR / "demo" / "club.db")
    parser.add_argument("--token-file", type=Path, required=True, help="file that holds the bearer token")
    parser.add_argument("--club", type=Path, default=DESKS / "tennis" / "sandbox.toml", help="who and what is in it")
    parser.add_argument("--parent", type=int, default=0, help="stop when this process is gone")
    args = parser.parse_args()
    if args.parent:
        threading.Thread(target=stop_with, args=(args.parent,), daemon=True).start()
    app = create_app(args.database, args.token_file.read_text(encoding="ascii").strip(), args.club)
    uvicorn.run(app, host="127.0.0.1", port=args.port, log_level="warning")


def stop_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main()
