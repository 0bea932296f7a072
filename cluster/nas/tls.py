"""Which certificate a NAS must show. It is looked at inside the handshake, before a byte of a request is sent."""

from __future__ import annotations

import hashlib
import ssl


class WrongCertificate(ssl.SSLError):
    """The other end has another certificate than the one that was pinned. `shown` is its SHA-256."""

    def __init__(self, shown: str) -> None:
        super().__init__("The certificate is another one.")
        self.shown = shown


def context(pin: str) -> ssl.SSLContext:
    """
    For a connection to the holder of the one certificate whose SHA-256 is `pin`, 64 hexadecimal digits in lower case;
    without it, for whomever the authorities of this system vouch for.

    A pin stands for the name, the dates and the authority, none of which a NAS's own certificate has right. That its
    holder has the key is proven by the handshake all the same.
    """
    if not pin:
        return ssl.create_default_context()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.sslsocket_class = held_to(pin)
    return made


def held_to(pin: str) -> type[ssl.SSLSocket]:
    class Held(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            shown = hashlib.sha256(self.getpeercert(binary_form=True) or b"").hexdigest()
            if shown != pin:
                raise WrongCertificate(shown)

    return Held
