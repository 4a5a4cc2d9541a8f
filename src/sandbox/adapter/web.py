"""A stand-in for asking web servers: what the server at an address answers. No packet flows."""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from . import elbv2_routing
from .elbv2_routing import Outcome
from .patching import on_reset

# The planted web servers, by instance id: the ports that they listen on.
LEGACY: dict[str, set[int]] = {}
on_reset(LEGACY.clear)

SILENT: Outcome = (1.0, {"status": None, "error": "connection timed out"})
REFUSED: Outcome = (1.0, {"status": None, "error": "connection refused"})


def follow(answer: Any, port: int, tls: bool, host: str, path: str, verified: bool = True) -> list[Outcome]:
    """What a request from the internet may come to that goes where an answer of DNS leads."""
    if answer.elsewhere:
        return [(1.0, {"status": None})]
    balancer = answer.balancer if answer.balancer is not None else answer.address and balancer_at(answer.address)
    if balancer is not None and balancer.scheme == "internal":
        return [(1.0, {"status": None, "error": "the load balancer is internal"})]
    if balancer is not None:
        return elbv2_routing.ask(balancer, port, tls, host, path, verified)
    if answer.address is None:
        return [(1.0, {"status": None, "error": "the alias leads to nothing"})]
    return ask(answer.address, port, tls, host, path)


def ask(address: str, port: int, tls: bool, host: str, path: str, verified: bool = True) -> list[Outcome]:
    """What a request to an address, or to a load balancer by its DNS name, may come to."""
    balancer = elbv2_routing.named(address) or balancer_at(address)
    if balancer is not None:
        return elbv2_routing.ask(balancer, port, tls, host, path, verified)
    instance = instance_at(address)
    if instance is None or not instance.is_running():
        return [SILENT]
    ports = LEGACY.get(instance.id, set())
    if port not in ports:
        return [REFUSED]
    if tls and port != 443:
        return [(1.0, {"status": None, "error": "tls handshake failed"})]
    return [(1.0, {"status": 200 if tls or port != 443 else 400})]


def balancer_at(address: str) -> Any | None:
    """The load balancer that has an interface with this public address."""
    for _, _, backend in elbv2_backends.iter_backends():
        for balancer in backend.load_balancers.values():
            if any(one.public_ip == address for one in getattr(balancer, "interfaces", {}).values()):
                return balancer
    return None


def instance_at(address: str) -> Any | None:
    """The instance with this public or private address: a planted one before any other, none that is terminated."""
    found = []
    for _, _, backend in ec2_backends.iter_backends():
        elastic = {one.public_ip: one.instance or (one.eni and one.eni.instance) for one in backend.addresses}
        found += [elastic[address]] if elastic.get(address) else []
        for reservation in backend.reservations.values():
            found += [one for one in reservation.instances if address in (one.public_ip, one.private_ip)]
    there = [one for one in found if one.state != "terminated"]
    return next((one for one in there if one.id in LEGACY), next(iter(there), None))
