"""How a client's requests get to a server, TensorFlow Serving or the development server: by REST or by gRPC.

REST needs nothing but Python and NumPy. gRPC sends the same in fewer bytes, and needs tensorflow-serving-api, which
imports TensorFlow.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from serving.transports.transport import Transport

__all__ = ["SCHEMES", "open_transport"]

SCHEMES = ("http", "https", "grpc", "grpcs")


def open_transport(address: str) -> Transport:
    """The way to a server.

    Args:
        address: "http://host:8501" or "https://..." for REST, "grpc://host:8500" or, with TLS, "grpcs://..." for gRPC.

    Raises:
        ValueError: another address, or tensorflow-serving-api is not installed.
    """
    scheme, separator, place = address.partition("://")
    if not separator or scheme not in SCHEMES or not place or not _has_possible_port(address):
        raise ValueError(f"An address {'://, '.join(SCHEMES)}:// with HOST:PORT is expected. Received: {address!r}.")
    if scheme.startswith("http"):
        from serving.transports.rest import RestTransport

        return RestTransport(address)
    from serving.transports.grpc_transport import GrpcTransport

    return GrpcTransport(place.rstrip("/"), secure=scheme == "grpcs")


def _has_possible_port(address: str) -> bool:
    """Whether the port is a number that there is, or left out."""
    try:
        return urlsplit(address).port != 0
    except ValueError:
        return False
