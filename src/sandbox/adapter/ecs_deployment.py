"""Deployments of a service: IN_PROGRESS to COMPLETED, or FAILED by the circuit breaker and rolled back."""

import uuid

from .ecs_agenda import agenda

# Seconds: a failed deployment is described for a while (estimate); the longest pause between two tries to start
# tasks that keep failing (AWS throttles up to 15 minutes); failures in a row before the pauses begin.
FAILED_SHOWN = 60
LONGEST_PAUSE = 900
PATIENCE = 3

# What a deployment fixes for its tasks; a change of one of these makes a new deployment.
FIXED = (
    "taskDefinition",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "capacityProviderStrategy",
    "launchType",
    "platformVersion",
    "serviceConnectConfiguration",
    "volumeConfigurations",
)


class Deployment:
    """`state` is AWS's rolloutState, `status` PRIMARY or ACTIVE."""

    def __init__(self, service, definition):
        self.service, self.definition = service, definition
        self.id = f"ecs-svc/{uuid.uuid4().int % 10**19:019d}"
        self.status, self.state = "PRIMARY", "IN_PROGRESS"
        self.reason = f"ECS deployment {self.id} in progress."
        self.created = self.updated = agenda.date()
        self.fixed = {field: service.settings.get(field) for field in FIXED}
        self.fixed["taskDefinition"] = definition.arn
        self.failures = self.in_a_row = 0
        self.pause_until = 0.0
        self.was_completed = False

    @property
    def load_balancers(self):
        return self.fixed["loadBalancers"] or []

    @property
    def tasks(self):
        """All that are not yet STOPPED."""
        return [task for task in self.service.tasks() if task.deployment is self and task.last_status != "STOPPED"]

    @property
    def live(self):
        return [task for task in self.tasks if task.desired_status == "RUNNING"]

    @property
    def threshold(self):
        """Failures that trip the circuit breaker: half of the desired count, but 3 to 200."""
        return min(max(3, -(-self.service.desired // 2)), 200)

    def failed(self, task):
        """A task did not come to life."""
        if self.status != "PRIMARY":
            return
        self.failures += 1
        self.in_a_row += 1
        pause = 0 if self.in_a_row <= PATIENCE else min(10 * 2 ** (self.in_a_row - PATIENCE), LONGEST_PAUSE)
        self.pause_until = agenda.now() + pause
        breaker = self.service.configuration["deploymentCircuitBreaker"]
        if self.state == "IN_PROGRESS" and breaker["enable"] and self.failures >= self.threshold:
            self._break(breaker["rollback"])

    def _break(self, rollback):
        self.state, self.reason = "FAILED", "ECS deployment circuit breaker: tasks failed to start."
        self.updated = agenda.date()
        service = self.service
        service.event(f"(deployment {self.id}) deployment failed: tasks failed to start.")
        for task in self.live:
            task.end("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {self.id})")
        before = service.last_completed
        if rollback and before is not None and before is not self:
            self.status = "ACTIVE"
            before.status, before.state = "PRIMARY", "IN_PROGRESS"
            before.reason = f"ECS deployment circuit breaker: rolling back to deploymentId {before.id}."
            before.updated = agenda.date()
            service.settings |= before.fixed
            if before not in service.deployments:
                service.deployments.append(before)
            service.deployments.sort(key=lambda deployment: deployment.status != "PRIMARY")
            service.event(f"rolling back to (deployment {before.id}).")
            agenda.after(FAILED_SHOWN, lambda: service.drop(self))
        service.look()

    def complete(self):
        self.state, self.reason = "COMPLETED", f"ECS deployment {self.id} completed."
        self.updated = agenda.date()
        self.in_a_row = 0
        self.was_completed = True
        self.service.last_completed = self
        self.service.event(f"(deployment {self.id}) deployment completed.")

    def describe(self):
        live = self.live
        running = sum(task.last_status == "RUNNING" for task in live)
        wanted = self.service.desired if self.status == "PRIMARY" and self.state != "FAILED" else len(live)
        kept = {k: v for k, v in self.fixed.items() if v and k not in ("loadBalancers", "serviceRegistries")}
        return {
            **kept,
            "id": self.id,
            "status": self.status,
            "desiredCount": wanted if self.state != "FAILED" else 0,
            "pendingCount": len(live) - running,
            "runningCount": running,
            "failedTasks": self.failures,
            "createdAt": self.created,
            "updatedAt": self.updated,
            "rolloutState": self.state,
            "rolloutStateReason": self.reason,
        }
