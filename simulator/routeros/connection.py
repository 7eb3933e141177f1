"""One client's connection: reads sentences, runs each command as a task of its own, writes replies whole."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from simulator.device import SimulatedDevice
from simulator.routeros.codec import ProtocolError, SentenceReader, encode_sentence, encode_word
from simulator.routeros.command import INTERRUPTED, Command, Trap, parse_command
from simulator.routeros.login import Login
from simulator.routeros.rows import encode_text
from simulator.routeros.shapes import parse_version

# How long a trickling device takes for one byte.
TRICKLE_SECONDS = 1.0
# Commands one connection may have under way; RouterOS has a limit too, and a client that never reads must not fill us.
MOST_COMMANDS = 64

Execute = Callable[["Connection", Command], Awaitable[None]]


class Connection:
    """A client's connection from accept to close. `execute` runs a command of a client that is logged in."""

    def __init__(
        self, device: SimulatedDevice, execute: Execute, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.device = device
        self._execute = execute
        self._reader = reader
        self._writer = writer
        self._login = Login(device.spec.users, parse_version(device.spec.version))
        self._sending = asyncio.Lock()
        self._tasks: dict[asyncio.Task[None], Command] = {}

    async def run(self) -> None:
        """Serve until the client goes, breaks the protocol, or a fault ends it."""
        sentences = SentenceReader()
        try:
            while not self.device.ailing("close") and (data := await self._reader.read(65536)):
                self.device.turn()
                for words in sentences.feed(data):
                    await self._take(words)
        except (ProtocolError, ConnectionError):
            pass  # as a router does: nothing sensible can be answered
        finally:
            for task in self._tasks:
                task.cancel()
            self._writer.close()

    def abort(self) -> None:
        """Drop the client at once, as a router that restarts."""
        self._writer.transport.abort()

    async def reply(self, command: Command, word: bytes, *attributes: str) -> None:
        """Send one sentence of a command's reply, with its tag."""
        encoding = self.device.spec.encoding
        body = b"".join(encode_word(encode_text(text, encoding)) for text in attributes)
        await self.send(encode_word(word) + command.tag_word + body + b"\x00")

    async def send(self, data: bytes) -> None:
        """Send whole sentences, as far as the device's faults let it."""
        async with self._sending:
            if self.device.ailing("hang"):
                return
            if self.device.ailing("garbage"):
                data = random.Random(len(data)).randbytes(min(len(data), 4096))  # noqa: S311 - garbage, not a secret
            await self._write(data)

    async def _write(self, data: bytes) -> None:
        at = 0
        while at < len(data) and self.device.ailing("trickle"):
            self._writer.write(data[at : at + 1])
            await self._writer.drain()
            at += 1
            await asyncio.sleep(TRICKLE_SECONDS)
        self._writer.write(data[at:])
        await self._writer.drain()

    async def _take(self, words: list[bytes]) -> None:
        """Act upon one sentence: logins and cancels in order, everything else side by side."""
        try:
            command = parse_command(words, self.device.spec.encoding)
        except Trap as trap:
            await self._trap(Command("", "", {}, (), b""), trap)
            return
        self.device.statistics.commands += 1
        path = f"{command.directory}/{command.verb}"
        if path == "/login":
            await self._log_in(command)
        elif self._login.user is None:
            await self._fatal("not logged in")
        elif path == "/quit":
            await self._fatal("session terminated on request")
        elif path == "/cancel":
            await self._cancel(command)
        elif len(self._tasks) >= MOST_COMMANDS:
            await self._fatal("too many commands")
        else:
            task = asyncio.create_task(self._run_command(command))
            self._tasks[task] = command
            task.add_done_callback(self._tasks.pop)

    async def _run_command(self, command: Command) -> None:
        try:
            await self._execute(self, command)
        except Trap as trap:
            await self._trap(command, trap)
        except ConnectionError:
            self.abort()

    async def _log_in(self, command: Command) -> None:
        delay = sum(
            fault.delay for fault in self.device.faults.active(self.device.clock()) if fault.kind == "slow-login"
        )
        await asyncio.sleep(delay)
        try:
            challenge = self._login.attempt(command.arguments, refuse=self.device.ailing("wrong-password"))
        except Trap as trap:
            self.device.statistics.login_failures += 1
            await self._trap(command, trap)
            return
        if challenge is not None:
            await self.reply(command, b"!done", f"=ret={challenge}")
            return
        self.device.statistics.logins += 1
        await self.reply(command, b"!done")

    async def _cancel(self, command: Command) -> None:
        """`/cancel`: of the commands with that tag, or of all."""
        tag = command.arguments.get("tag", "").encode()
        for task, running in tuple(self._tasks.items()):
            if not tag or running.tag == tag:
                task.cancel()
                await self._trap(running, Trap("interrupted", INTERRUPTED))
        await self.reply(command, b"!done")

    async def _trap(self, command: Command, trap: Trap) -> None:
        """A trap, and the `!done` that ends every command."""
        await self.reply(command, b"!trap", *trap.words)
        await self.reply(command, b"!done")

    async def _fatal(self, reason: str) -> None:
        """`!fatal` carries its reason as a bare word; the connection ends with it."""
        await self.send(encode_sentence(b"!fatal", reason.encode()))
        self._reader.feed_eof()
