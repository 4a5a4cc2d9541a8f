"""Services: the settings that were given, the deployments, the events."""

import uuid

from . import ecs_balance, ecs_scheduler
from .autoscaling_application import forget_service
from .ecs_agenda import agenda
from .ecs_deployment import FAILED_SHOWN, FIXED, Deployment
from .ecs_task import Task

# Seconds that AWS still describes a service after it became INACTIVE.
SHOWN = 3600

# Settings that are described as they were given, with AWS's defaults.
KEPT = {
    "loadBalancers": [],
    "serviceRegistries": [],
    "launchType": None,
    "capacityProviderStrategy": None,
    "platformVersion": None,
    "taskDefinition": None,
    "placementConstraints": [],
    "placementStrategy": [],
    "networkConfiguration": None,
    "healthCheckGracePeriodSeconds": None,
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "enableECSManagedTags": False,
    "propagateTags": "NONE",
    "enableExecuteCommand": False,
    "availabilityZoneRebalancing": None,
    "serviceConnectConfiguration": None,
    "volumeConfigurations": None,
    "roleArn": None,
}

_CONFIGURATION = {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING", "bakeTimeInMinutes": 0}


class Service:
    """Stands in moto's `services`: `name`, `arn`, `tags` and `status` are what moto's other code reads."""

    task_sets = ()

    def __init__(self, backend, cluster, given, definition):
        self.backend, self.cluster_name, self.cluster_arn = backend, cluster.name, cluster.arn
        self.name = given["serviceName"]
        self.arn = f"{cluster.arn.replace(':cluster/', ':service/')}/{self.name}"
        self.physical_resource_id = self.arn
        self.token = given.get("clientToken")
        self.status, self.created = "ACTIVE", agenda.date()
        self.tags = given.get("tags") or []
        self.desired = given.get("desiredCount") or 0
        self.settings = {field: given.get(field, default) for field, default in KEPT.items()}
        self.settings["taskDefinition"] = definition.arn
        self.configuration = _configuration({}, given.get("deploymentConfiguration"))
        if self.settings["availabilityZoneRebalancing"] is None:
            self.settings["availabilityZoneRebalancing"] = ecs_balance.default(self)
        self.events = []
        self.steady, self.wait, self.looking = False, ecs_scheduler.LOOK, False
        self.last_completed = None
        # The task that a rebalancing of zones has started, until it is healthy.
        self.moving = None
        self.deployments = [Deployment(self, definition)]
        self.look()

    @property
    def scheduling_strategy(self):
        return self.settings["schedulingStrategy"]

    @property
    def launch_type(self):
        return self.settings["launchType"]

    def tasks(self):
        return [t for t in self.backend.tasks.get(self.cluster_name, {}).values() if t.service is self]

    def live(self):
        return [task for task in self.tasks() if task.desired_status == "RUNNING"]

    def look(self, seconds=0):
        """Have the scheduler look at this service's cluster."""
        if seconds == 0:
            ecs_scheduler.settle(self.backend, self.cluster_name)
        elif not self.looking:
            self.looking = True

            def again():
                self.looking = False
                self.look()

            agenda.after(seconds, again)

    def event(self, text):
        event = {"id": str(uuid.uuid4()), "createdAt": agenda.date(), "message": f"(service {self.name}) {text}"}
        self.events = [event, *self.events[:99]]

    def new_task(self, deployment):
        strategy = deployment.fixed.get("capacityProviderStrategy") or []
        options = {
            "group": f"service:{self.name}",
            "startedBy": deployment.id,
            "networkConfiguration": deployment.fixed.get("networkConfiguration"),
            "capacityProviderName": strategy[0]["capacityProvider"] if strategy else None,
            "enableExecuteCommand": self.settings["enableExecuteCommand"],
            "tags": self._task_tags(deployment.definition),
        }
        return Task(self.backend, self.cluster_name, deployment.definition, options, self, deployment)

    def _task_tags(self, definition):
        sources = {"SERVICE": self.tags, "TASK_DEFINITION": definition.tags}
        tags = list(sources.get(self.settings["propagateTags"], []))
        if self.settings["enableECSManagedTags"]:
            tags += [
                {"key": "aws:ecs:clusterName", "value": self.cluster_name},
                {"key": "aws:ecs:serviceName", "value": self.name},
            ]
        return tags

    def update(self, given, definition):
        """UpdateService, after its checks: what is not given stays."""
        before = {field: self.settings.get(field) for field in FIXED}
        for field in KEPT:
            if field in given and field != "taskDefinition":
                self.settings[field] = given[field]
        if given.get("capacityProviderStrategy"):
            self.settings["launchType"] = None
        self.settings["taskDefinition"] = definition.arn
        self.configuration = _configuration(self.configuration, given.get("deploymentConfiguration"))
        if given.get("desiredCount") is not None:
            self.desired = given["desiredCount"]
        if given.get("forceNewDeployment") or before != {field: self.settings.get(field) for field in FIXED}:
            for old in self.deployments:
                old.status = "ACTIVE"
                if old.state == "FAILED":
                    agenda.after(FAILED_SHOWN, lambda old=old: self.drop(old))
            self.deployments.insert(0, Deployment(self, definition))
        self.steady = False
        self.look()

    def drop(self, deployment):
        """Forget a deployment that failed."""
        if deployment in self.deployments[1:]:
            self.deployments.remove(deployment)

    def delete(self):
        self.status, self.desired = "DRAINING", 0
        self.look()

    def deactivate(self):
        if self.status == "INACTIVE":
            return
        self.status, self.deployments = "INACTIVE", []
        forget_service(self.backend.account_id, self.backend.region_name, self.cluster_name, self.name)
        key = f"{self.cluster_name}:{self.name}"

        def vanish():
            if self.backend.services.get(key) is self:
                del self.backend.services[key]

        agenda.after(SHOWN, vanish)

    def describe(self, tags=True):
        live = self.live()
        running = sum(task.last_status == "RUNNING" for task in live)
        described = {
            **self.settings,
            "serviceArn": self.arn,
            "serviceName": self.name,
            "clusterArn": self.cluster_arn,
            "status": self.status,
            "desiredCount": self.desired,
            "runningCount": running,
            "pendingCount": len(live) - running,
            "deploymentConfiguration": self.configuration,
            "deployments": [deployment.describe() for deployment in self.deployments],
            "events": self.events,
            "createdAt": self.created,
            "createdBy": f"arn:aws:iam::{self.backend.account_id}:root",
        }
        if self.settings["loadBalancers"] and not self.settings["roleArn"]:
            described["roleArn"] = (
                f"arn:aws:iam::{self.backend.account_id}:role/aws-service-role/ecs.amazonaws.com/"
                "AWSServiceRoleForECS"
            )
        if tags:
            described["tags"] = self.tags
        return described


def _configuration(before, given):
    given = given or {}
    breaker = given.get("deploymentCircuitBreaker", before.get("deploymentCircuitBreaker"))
    return {
        **_CONFIGURATION,
        **before,
        **given,
        "deploymentCircuitBreaker": breaker or {"enable": False, "rollback": False},
    }
