"""What other emulators answer wrongly, on demand: who takes it for a proof must not act on it."""

from .patching import on_reset

# Name -> its values: `wrong` gives something untrue, `missing` leaves it out.
KNOWN = {"local_routes": ("wrong", "missing"), "other_routes": ("missing",)}
QUIRKS: dict[str, str] = {}
on_reset(QUIRKS.clear)


def put(wanted: dict[str, str]) -> None:
    """These and no others from now on (ValueError for one that isn't known)."""
    for name, value in wanted.items():
        if value not in KNOWN.get(name, ()):
            raise ValueError(f"there are the quirks {KNOWN}")
    QUIRKS.clear()
    QUIRKS.update(wanted)
