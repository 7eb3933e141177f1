"""SNMPv3 protocol names as devices write them, and what each is to us."""

from __future__ import annotations

from devices.session import LoginFailed

# Names as vendors print them, without dashes, in capitals. AES192C and AES256C are Cisco's (and net-snmp's)
# key extension by Reeder; plain AES192 and AES256 follow Blumenthal's draft.
AUTH_PROTOCOLS = {
    "MD5": "MD5",
    "SHA": "SHA1",
    "SHA1": "SHA1",
    "SHA224": "SHA224",
    "SHA256": "SHA256",
    "SHA384": "SHA384",
    "SHA512": "SHA512",
}
PRIVACY_PROTOCOLS = {
    "DES": "DES",
    "AES": "AES128",
    "AES128": "AES128",
    "AES192": "AES192",
    "AES256": "AES256",
    "AES192C": "AES192C",
    "AES256C": "AES256C",
}


def auth_protocol(name: str) -> str:
    """The one spelling of an authentication protocol; raises LoginFailed for one we do not know."""
    return _canonical(name, AUTH_PROTOCOLS, "snmp.auth.protocol")


def privacy_protocol(name: str) -> str:
    """The one spelling of a privacy protocol; raises LoginFailed for one we do not know."""
    return _canonical(name, PRIVACY_PROTOCOLS, "snmp.privacy.protocol")


def _canonical(name: str, known: dict[str, str], key: str) -> str:
    try:
        return known[name.upper().replace("-", "")]
    except KeyError:
        raise LoginFailed(f'{key}: unknown protocol "{name}"; expected one of {", ".join(known)}') from None
