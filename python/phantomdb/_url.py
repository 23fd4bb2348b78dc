"""Connection strings: the URLs that name a database too, and what the client takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional
from urllib.parse import unquote, urlsplit

from ._errors import ProgrammingError

FORMS = (
    "phantomdb://HOST:PORT/DATABASE, phantomdb+https://HOST/DATABASE, phantomdb+memory:///DATABASE, "
    "phantomdb+memory://NAME/DATABASE (shared in the process), phantomdb+file:///DIRECTORY/DATABASE and "
    "phantomdb+file://./DIRECTORY/DATABASE"
)

#: The port of ``phantomdb serve``.
PORT = 8080


@dataclass(frozen=True)
class Target:
    """What a URL names: the connection string of the client, the database, and the token in it."""

    connection_string: str
    database: Optional[str]
    token: Optional[str]


def _wrong(why: str) -> ProgrammingError:
    # No message repeats a URL, which may hold a token.
    return ProgrammingError(f"{why}. The URLs of PhantomDB are {FORMS}.")


def locate(
    scheme: str, host: Optional[str], port: Optional[int], path: str, token: Optional[str] = None
) -> Target:
    """The target that the parts of a URL name. ``path`` has no slash at its beginning. Raises ProgrammingError."""
    scheme = scheme.lower()
    if scheme in ("phantomdb", "phantomdb+http", "phantomdb+https"):
        if not host:
            raise _wrong("The URL names no host")
        name = f"[{host}]" if ":" in host else host
        if scheme != "phantomdb+https":
            return Target(f"http://{name}:{port or PORT}", _database(path), token)
        return Target(f"https://{name}{f':{port}' if port else ''}", _database(path), token)
    if port is not None or token is not None:
        raise _wrong("A database in this process has no port and no token")
    if scheme == "phantomdb+memory":
        return Target(f"memory:{host or ''}", _database(path), None)
    if scheme == "phantomdb+file":
        if host not in (None, "", ".", ".."):
            raise _wrong("A path in a URL begins with ./ or ../, or, from the root, with three slashes")
        # On Windows a path from the root begins with its drive.
        has_drive = not host and path[1:3] == ":/"
        whole = path if has_drive else f"{host or ''}/{path}"
        directory, _, database = whole.rpartition("/")
        if not database:
            raise _wrong("The URL names no database after its directory")
        return Target(f"file:{directory or '/'}", database, None)
    raise _wrong(f"PhantomDB has no URLs that begin with {scheme}:")


def _database(path: str) -> Optional[str]:
    if "/" in path:
        raise _wrong("The URL has a path of several parts, where the name of the database stands")
    return path or None


def parse(url: str) -> Target:
    """Reads a URL that names a database, or a connection string of the client, which names none."""
    scheme = url.partition(":")[0].lower()
    if not scheme.startswith("phantomdb"):
        # The client says what is wrong with any other text.
        return Target(url, None, None)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong("The URL cannot be read") from error
    if parts.query or parts.fragment:
        raise _wrong("The URL has a ? or a #; pass options as arguments")
    if not parts.netloc and "://" not in url:
        raise _wrong("The URL cannot be read")
    token = unquote(parts.password) if parts.password else None
    return locate(parts.scheme, parts.hostname, port, unquote(parts.path.removeprefix("/")), token)
