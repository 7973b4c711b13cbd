"""How a client's requests get to a server, TensorFlow Serving or the development server: by REST or by gRPC.

REST needs nothing but Python and NumPy. gRPC sends the same in fewer bytes, and needs tensorflow-serving-api, which
imports TensorFlow.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from serving.transports.transport import Transport

__all__ = ["SCHEMES", "check_address", "open_transport"]

SCHEMES = ("http", "https", "grpc", "grpcs")
_FORBIDDEN = re.compile(r"[\s\x00-\x1f\x7f@]")  # also names and passwords before an @, which nothing here sends


def open_transport(address: str) -> Transport:
    """The way to a server.

    Args:
        address: "http://host:8501" or "https://..." for REST, "grpc://host:8500" or, with TLS, "grpcs://..." for gRPC.

    Raises:
        ValueError: another address, or tensorflow-serving-api is not installed.
    """
    check_address(address)
    scheme, _, place = address.partition("://")
    if scheme.startswith("http"):
        from serving.transports.rest import RestTransport

        return RestTransport(address)
    from serving.transports.grpc_transport import GrpcTransport

    return GrpcTransport(place.rstrip("/"), secure=scheme == "grpcs")


def check_address(address: str) -> None:
    """Raise a ValueError unless there may be a server at an address."""
    scheme, separator, place = address.partition("://")
    if not separator or scheme not in SCHEMES or not place or not _is_possible(address, place.partition("/")[0]):
        raise ValueError(f"An address {'://, '.join(SCHEMES)}:// with HOST:PORT is expected. Received: {address!r}.")


def _is_possible(address: str, host_and_port: str) -> bool:
    """Whether there is nothing before the host, and the port is a number that there is, or left out."""
    try:
        return urlsplit(address).port != 0 and not _FORBIDDEN.search(host_and_port)
    except ValueError:
        return False
