"""A real sshd on this machine, and a bad line to it."""

import asyncio
import os
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

from .terminal import Terminal, running

SEGMENT = 1448  # bytes of a TCP segment: what is lost at once
LEAST_RESEND = 0.2  # seconds that Linux waits at least before it sends a segment again
SEPARATION = Path("/run/sshd")  # a root's sshd wants it
CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {host_key}
AuthorizedKeysFile {key}.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
PrintMotd no
PrintLastLog no
"""


class Line:
    """Between clients and a server on this machine: every segment arrives `delay` seconds later,
    either way, and a share of them is `lost`, which holds up all behind until it is sent again.
    """

    def __init__(self, target: int, delay: float, lost: float, seed: int = 1) -> None:
        self._target, self._delay, self._lost = target, delay, lost
        self._random = random.Random(seed)
        self._open, self._closed = threading.Event(), asyncio.Event()
        self.port = 0

    @contextmanager
    def open(self) -> Iterator[None]:
        thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        thread.start()
        assert self._open.wait(10)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._closed.set)
            thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with await asyncio.start_server(self._accept, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._open.set()
            await self._closed.wait()

    async def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        with suppress(asyncio.CancelledError):  # by the end of the line
            await asyncio.gather(self._carry(client, to_server), self._carry(server, to_client))
        to_client.close()
        to_server.close()

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.ensure_future(self._arrive(under_way, to))
        with suppress(OSError):
            while segment := await source.read(SEGMENT):
                at = self._loop.time() + self._delay
                if self._random.random() < self._lost:
                    at += 2 * self._delay + LEAST_RESEND
                under_way.put_nowait((at, segment))
        under_way.put_nowait((self._loop.time() + self._delay, b""))
        await arriving

    async def _arrive(
        self, under_way: asyncio.Queue[tuple[float, bytes]], to: asyncio.StreamWriter
    ) -> None:
        while True:
            at, segment = await under_way.get()
            await asyncio.sleep(at - self._loop.time())
            if not segment or to.is_closing():
                break
            to.write(segment)
        to.close()


@dataclass(frozen=True)
class Host:
    """What ssh needs to reach the server, over the line."""

    folder: Path
    port: int

    @contextmanager
    def run(self, command: str, size: tuple[int, int] = (24, 80)) -> Iterator[Terminal]:
        """`ssh -tt` on a terminal of its own."""
        options = {
            "IdentityFile": self.folder / "key",
            "UserKnownHostsFile": self.folder / "known_hosts",
            "StrictHostKeyChecking": "accept-new",
            "IdentitiesOnly": "yes",
            "LogLevel": "ERROR",
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        ssh = ["ssh", "-tt", "-F", "none", "-p", str(self.port), *given, f"{getuser()}@127.0.0.1"]
        with running([*ssh, command], environ_of_a_person(), size) as terminal:
            yield terminal


def environ_of_a_person() -> Mapping[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def missing() -> str:
    """The program that a test over SSH lacks here, or an empty string."""
    wanted = ("ssh", "ssh-keygen", "tmux")
    return next((one for one in wanted if not shutil.which(one)), "" if sshd() else "sshd")


def sshd() -> str | None:
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def serving(folder: Path, delay: float, lost: float) -> Iterator[Host]:
    """A server with keys and settings of its own, behind a line."""
    folder.mkdir()
    for name in ("host_key", "key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    port = free_port()
    config = CONFIG.format(port=port, host_key=folder / "host_key", key=folder / "key")
    (folder / "sshd_config").write_text(config)
    made = os.getuid() == 0 and not SEPARATION.exists()
    if made:
        SEPARATION.mkdir(mode=0o755)
    line = Line(port, delay, lost)
    program = sshd()
    assert program
    command = [program, "-D", "-e", "-f", str(folder / "sshd_config")]
    with (folder / "sshd.log").open("w") as log, subprocess.Popen(command, stderr=log) as server:
        try:
            wait_for(port, folder / "sshd.log")
            with line.open():
                yield Host(folder, line.port)
        finally:
            server.terminate()
            if made:
                SEPARATION.rmdir()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(port: int, log: Path, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
