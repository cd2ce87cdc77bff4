"""Files for this user alone, written as a whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """In place of what may stand there."""
    with unfinished(path, content) as part:
        part.replace(path)


def make(path: Path, content: bytes) -> bytes:
    """What stands there afterwards: of several processes at once the first one's."""
    with unfinished(path, content) as part:
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            if not path.exists():
                part.replace(path)
    return path.read_bytes()


@contextmanager
def unfinished(path: Path, content: bytes) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)
