"""The signature Twilio puts on every request it makes, so that the receiver knows who called."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping


def sign(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """The value of `X-Twilio-Signature`.

    Documented under https://www.twilio.com/docs/usage/security: the whole URL, then every POST field's name and
    value in the order of the names, nothing between them; HMAC-SHA1 with the account's token; Base64.
    """
    text = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
