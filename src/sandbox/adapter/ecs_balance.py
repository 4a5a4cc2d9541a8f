"""Availability Zone rebalancing: a service that is steady but crowded in one zone moves a task to another.

The new task is started first; the old one is stopped when the new one is healthy.
"""

from collections import Counter


def default(service):
    """What AWS sets when a new service says nothing: ENABLED, where it can work."""
    by_zone = ("spread", "attribute:ecs.availability-zone")
    strategy = [(one["type"], one.get("field")) for one in service.settings["placementStrategy"]]
    spread = not strategy or strategy[0] == by_zone
    possible = spread and service.scheduling_strategy == "REPLICA" and service.configuration["maximumPercent"] > 100
    return "ENABLED" if possible else "DISABLED"


def crowd(service, instances):
    """(most crowded zone, how many tasks it has more than the emptiest zone with an instance)."""
    zones = Counter({instance.zone: 0 for instance in instances if instance.status == "ACTIVE"})
    zones.update(task.instance.zone for task in service.live() if task.instance)
    if not zones:
        return None, 0
    zone, most = zones.most_common(1)[0]
    return zone, most - min(zones.values())


def settled(service, mine):
    """Ends a move whose new task is healthy; answers how many tasks are there only for the move."""
    moving = service.moving
    if moving not in mine:
        service.moving = None
        return 0
    if not moving.healthy:
        return 1
    service.moving = None
    zone, _ = crowd(service, [])
    victims = [task for task in mine if task is not moving and task.instance and task.instance.zone == zone]
    if victims:
        victims[0].end("ServiceSchedulerInitiated", "Availability Zone rebalancing")
    return 0


def start_move(service, start):
    """Begin a move if needed; `start(service, zone)` starts a task outside of the zone and answers it, or None."""
    if service.settings["availabilityZoneRebalancing"] != "ENABLED" or service.moving or not service.steady:
        return
    instances = service.backend.container_instances.get(service.cluster_name, {}).values()
    zone, excess = crowd(service, instances)
    if excess < 2:
        return
    service.moving = start(service, zone)
    if service.moving:
        service.event(f"is not balanced across Availability Zones, {zone} is crowded: rebalancing.")
