"""Task definitions: every field that was given is kept, with what AWS fills in; revisions are never used twice."""

from moto.core.responses import ActionResult
from moto.ecs.exceptions import EcsClientException, InvalidParameterException, TaskDefinitionNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend

from . import ecs_answers
from .ecs_agenda import agenda

_BASE = {name: getattr(EC2ContainerServiceBackend, name) for name in ("deregister_task_definition",)}


def describe(definition):
    """As AWS answers a task definition."""
    return {
        **definition.given,
        "taskDefinitionArn": definition.arn,
        "revision": definition.revision,
        "status": definition.status,
        "containerDefinitions": definition.container_definitions,
        "volumes": definition.volumes,
        "placementConstraints": definition.given.get("placementConstraints", []),
        "compatibilities": ["EC2", "FARGATE"] if definition.network_mode == "awsvpc" else ["EC2"],
        "requiresAttributes": [{"name": f"com.amazonaws.ecs.capability.{name}"} for name in _needs(definition)],
        "registeredAt": definition.registered_at,
        "deregisteredAt": definition.deregistered_at,
        "registeredBy": f"arn:aws:iam::{definition.arn.split(':')[4]}:root",
    }


def _needs(definition):
    names = {"docker-remote-api.1.18"}
    for container in definition.container_definitions:
        driver = (container.get("logConfiguration") or {}).get("logDriver")
        names |= {f"logging-driver.{driver}"} if driver else set()
    if definition.given.get("taskRoleArn"):
        names.add("task-iam-role")
    return sorted(names)


def _complete(container, network_mode):
    full = {"cpu": 0, "essential": True, "environment": [], "mountPoints": [], "volumesFrom": [],
            "portMappings": [], "systemControls": [], **container}
    full["portMappings"] = [
        {"protocol": "tcp", **m, "hostPort": m.get("hostPort") or (m["containerPort"] if network_mode in
         ("awsvpc", "host") else 0)}
        for m in full["portMappings"]
    ]
    return full


def number(text, unit):
    """CPU units or MiB: "256", "1 vCPU", ".5 vcpu", "1 GB"."""
    if text in (None, ""):
        return None
    plain = str(text).lower().replace(" ", "")
    for suffix, factor in (("vcpu", 1024), ("gb", 1024)):
        if plain.endswith(suffix):
            return int(float(plain.removesuffix(suffix)) * factor)
    try:
        return int(plain)
    except ValueError:
        raise EcsClientException(f"Invalid '{unit}' setting for task.") from None


def register_task_definition(self):
    given = dict(self._get_params())
    tags = given.pop("tags", None) or []
    containers = given.get("containerDefinitions") or []
    mode = given.get("networkMode") or ("awsvpc" if "FARGATE" in given.get("requiresCompatibilities", []) else "bridge")
    names = [container.get("name") for container in containers]
    if not containers:
        raise EcsClientException("Container list cannot be empty.")
    if len(set(names)) < len(names):
        raise EcsClientException(f"Container names must be unique, but found duplicates in {names}.")
    if not any(container.get("essential", True) for container in containers):
        raise EcsClientException("A task definition must have at least one essential container.")
    volumes = {volume["name"] for volume in given.get("volumes", [])}
    for container in containers:
        for mount in container.get("mountPoints", []):
            if mount.get("sourceVolume") not in volumes:
                raise EcsClientException(
                    f"Unknown volume '{mount.get('sourceVolume')}' in container '{container.get('name')}'."
                )
    number(given.get("cpu"), "cpu"), number(given.get("memory"), "memory")
    backend = self.ecs_backend
    definition = EC2ContainerServiceBackend.register_task_definition(
        backend, given["family"], containers, volumes=given.get("volumes"), network_mode=mode, tags=tags,
        placement_constraints=given.get("placementConstraints"),
        requires_compatibilities=given.get("requiresCompatibilities"), cpu=given.get("cpu"),
        memory=given.get("memory"), task_role_arn=given.get("taskRoleArn"),
        execution_role_arn=given.get("executionRoleArn"), pid_mode=given.get("pidMode"),
    )
    _number_revision(backend, definition)
    definition.given = {**given, "networkMode": mode}
    definition.network_mode = mode
    definition.container_definitions = [_complete(container, mode) for container in containers]
    definition.volumes = [volume if len(volume) > 1 else {**volume, "host": {}} for volume in given.get("volumes", [])]
    definition.registered_at, definition.deregistered_at = agenda.date(), None
    family = backend.task_definitions[definition.family]
    earlier = [revision for revision in family if revision < definition.revision]
    ecs_answers.remember(definition, family[max(earlier)] if earlier else None)
    return ActionResult({"taskDefinition": describe(definition), "tags": tags})


def _number_revision(backend, definition):
    """Numbers of deleted revisions are not given again."""
    used = backend.__dict__.setdefault("highest_revisions", {})
    family = backend.task_definitions[definition.family]
    del family[definition.revision]
    definition.revision = max(definition.revision, used.get(definition.family, 0) + 1)
    used[definition.family] = definition.revision
    definition.arn = f"{definition.arn.rpartition(':')[0]}:{definition.revision}"
    family[definition.revision] = definition


def find(self, task_definition_str):
    """By ARN, family:revision, or the newest active one of a family."""
    family, _, revision = task_definition_str.split("/")[-1].partition(":")
    known = self.task_definitions.get(family, {})
    if revision:
        found = known.get(int(revision)) if revision.isdigit() else None
    else:
        found = max((d for d in known.values() if d.status == "ACTIVE"), key=lambda d: d.revision, default=None)
    if found is None:
        raise TaskDefinitionNotFoundException()
    return found


def describe_task_definition(self):
    definition = find(self.ecs_backend, self._get_param("taskDefinition"))
    answer = {"taskDefinition": describe(definition)}
    if "TAGS" in self._get_param("include", []):
        answer["tags"] = definition.tags
    return ActionResult(answer)


def deregister_task_definition(self):
    definition = _BASE["deregister_task_definition"](self.ecs_backend, self._get_param("taskDefinition"))
    definition.deregistered_at = definition.deregistered_at or agenda.date()
    return ActionResult({"taskDefinition": describe(definition)})


def list_task_definitions(self):
    prefix, status = self._get_param("familyPrefix"), self._get_param("status") or "ACTIVE"
    found = sorted(
        (d for family in self.ecs_backend.task_definitions.values() for d in family.values()
         if d.status == status and prefix in (None, d.family)),
        key=lambda d: (d.family, d.revision), reverse=self._get_param("sort") == "DESC",
    )
    return ActionResult({"taskDefinitionArns": [definition.arn for definition in found]})


def list_task_definition_families(self):
    prefix, status = self._get_param("familyPrefix") or "", self._get_param("status")
    found = []
    for family, revisions in self.ecs_backend.task_definitions.items():
        there = {d.status for d in revisions.values()} & {"ACTIVE", "INACTIVE"}
        kind = "ACTIVE" if "ACTIVE" in there else "INACTIVE"
        if there and family.startswith(prefix) and status in (None, "ALL", kind):
            found.append(family)
    return ActionResult({"families": sorted(found)})


def delete_task_definitions(self):
    wanted = self._get_param("taskDefinitions") or []
    if not wanted or len(wanted) > 10:
        raise InvalidParameterException("TaskDefinition references list must have between 1 and 10 entries.")
    deleted, failures = self.ecs_backend.delete_task_definitions(wanted)
    return ActionResult({"taskDefinitions": [describe(definition) for definition in deleted], "failures": failures})
