"""How service files change moto: a method is wrapped, the original is its first argument.

Errors are raised as moto's own classes, from `moto.<service>.exceptions`: moto finds the service's
model by the module of the class.
"""

import functools
from collections.abc import Callable
from typing import Any

_resets: list[Callable[[], None]] = []


def wrap(owner: type, name: str) -> Callable[[Callable], Callable]:
    """Decorator: replaces `owner.name` by the function, called as `f(original, self, *args, **kwargs)`.

    `original` is already bound to `self`:

        @wrap(RDSBackend, "create_db_instance")
        def create(original, self, kwargs): ...
    """

    def decorate(function: Callable) -> Callable:
        inner = getattr(owner, name)

        @functools.wraps(inner)
        def outer(self: Any, *args: Any, **kwargs: Any) -> Any:
            return function(functools.partial(inner, self), self, *args, **kwargs)

        setattr(owner, name, outer)
        return function

    return decorate


def on_reset(function: Callable[[], None]) -> Callable[[], None]:
    """Decorator: called by the control address's reset. Not needed for attributes that are put on
    moto's own backends and models: those go when moto forgets them."""
    _resets.append(function)
    return function


def run_resets() -> None:
    for function in _resets:
        function()
