"""Logging in to RouterOS, after 6.43 and before."""

from __future__ import annotations

from librouteros.login import encode_password

from devices.routeros.reply import Fatal, Reply, read_reply
from devices.routeros.transport import Transport
from devices.routeros.words import SentenceReader, encode_sentence
from devices.session import BadReply, Deadline, LoginFailed
from inventory.models import Device


def log_in(device: Device, transport: Transport, reader: SentenceReader, deadline: Deadline) -> None:
    """Log in as the device's user.

    From 6.43 on the router takes name and password at once; an older one ignores them and answers with a
    challenge (`=ret=`), to which the MD5 response of the old scheme is sent. The stream is TLS, or plain
    because the inventory says so. Raises LoginFailed with the router's own words, DeviceError otherwise.
    """
    if device.username is None or device.password is None:
        raise LoginFailed("the inventory gives no username and password for this device")
    name, password = f"=name={device.username}", device.password.reveal()
    try:
        reply = _ask(transport, reader, deadline, "/login", name, f"=password={password}")
        if (challenge := reply.done.get("ret")) is not None:
            _ask(transport, reader, deadline, "/login", name, f"=response={_response(challenge, password)}")
    except LoginFailed as refused:  # the router's own words, and what answers on its port may repeat ours
        raise LoginFailed(str(refused).replace(password, "***")) from None


def _response(challenge: str, password: str) -> str:
    try:
        response: str = encode_password(challenge, password)
    except UnicodeEncodeError:
        raise LoginFailed("a RouterOS before 6.43 takes passwords in ASCII only") from None
    except ValueError:  # not hexadecimal
        raise BadReply("the router's login challenge is not hexadecimal") from None
    return response


def _ask(transport: Transport, reader: SentenceReader, deadline: Deadline, *words: str) -> Reply:
    transport.send(encode_sentence(*words), deadline)
    try:
        reply = read_reply(reader, deadline)
    except Fatal as fatal:
        raise LoginFailed(str(fatal)) from None
    if reply.traps:
        raise LoginFailed(f"the router refused our login: {'; '.join(reply.traps)}; check username and password")
    return reply
