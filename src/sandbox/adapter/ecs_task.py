"""Tasks: from placement to RUNNING, HEALTHY and registered with their load balancer, and to STOPPED."""

import uuid

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from . import ecs_answers
from .ecs_agenda import agenda
from .ecs_definitions import number

# Seconds (estimates): image pull and start; what a container that can't run lives; how long a process takes to
# end after SIGTERM; the life of a task that no service owns, which then ends by itself with exit code 0; how long
# AWS still describes a stopped task.
START = 20
BROKEN = 10
SHUTDOWN = 3
JOB = 120
MEMORY_OF_STOPPED = 3600

# Told (task) when a task changed in a way that its scheduler has to know.
changed = []


class Task:
    """`service` and `deployment` are None for tasks of RunTask; `instance` is None until the task is placed."""

    def __init__(self, backend, cluster, definition, options, service=None, deployment=None):
        self.backend, self.cluster_name, self.definition = backend, cluster, definition
        self.service, self.deployment, self.options = service, deployment, options
        self.instance = self.interface = None
        self.id = uuid.uuid4().hex
        base = f"arn:{backend.partition}:ecs:{backend.region_name}:{backend.account_id}"
        self.task_arn = f"{base}:task/{cluster}/{self.id}"
        self.cluster_arn = f"{base}:cluster/{cluster}"
        self.last_status, self.desired_status = "PROVISIONING", "RUNNING"
        self.moments = {"createdAt": agenda.date()}
        self.stop = {}
        self.exit_code = None
        self.started = None
        self.tags = options.get("tags") or []
        containers = definition.container_definitions
        self.cpu = number(definition.cpu, "cpu") or sum(c.get("cpu") or 0 for c in containers)
        self.memory = number(definition.memory, "memory") or sum(
            c.get("memoryReservation") or c.get("memory") or 0 for c in containers
        )
        self.awsvpc = definition.network_mode == "awsvpc"
        self.ports = {(c["name"], m["containerPort"]): m.get("hostPort") or 0
                      for c in containers for m in c["portMappings"]}
        backend.tasks.setdefault(cluster, {})[self.task_arn] = self

    @property
    def fixed_ports(self):
        """Ports of the instance that this task needs; a container in awsvpc mode has its own address."""
        return [] if self.awsvpc else [port for port in self.ports.values() if port]

    @property
    def host_ports(self):
        return self.fixed_ports if self.instance else []

    @property
    def alone(self):
        """Its service wants every task on an instance of its own."""
        if self.service is None:
            return False
        rules = self.service.settings["placementConstraints"]
        return self.service.scheduling_strategy == "DAEMON" or any(r["type"] == "distinctInstance" for r in rules)

    @property
    def broken(self):
        """The convention for tests: an image with "broken" in its name or tag never runs."""
        return any("broken" in container["image"] for container in self.definition.container_definitions)

    @property
    def health(self):
        if not any(container.get("healthCheck") for container in self.definition.container_definitions):
            return "UNKNOWN"
        return "HEALTHY" if self.last_status == "RUNNING" and not self.broken else "UNKNOWN"

    def targets(self):
        """(target group, id, port) of each target group of the service."""
        groups = elbv2_backends[self.backend.account_id][self.backend.region_name].target_groups
        for balancer in (self.deployment.load_balancers if self.deployment else []) if self.instance else []:
            group = groups.get(balancer.get("targetGroupArn"))
            if group is None:
                continue
            where = (balancer["containerName"], balancer["containerPort"])
            if self.awsvpc:
                yield group, self.interface.private_ip_address, where[1]
            else:
                yield group, self.instance.ec2_instance_id, self.ports[where]

    @property
    def healthy(self):
        """Counts for its deployment: runs, and every load balancer thinks so."""
        if self.last_status != "RUNNING" or self.desired_status != "RUNNING" or self.broken:
            return False
        return all(group.state(identity, port) in ("healthy", "unused") for group, identity, port in self.targets())

    @property
    def refused(self):
        """The target group whose health check this task fails, if any."""
        for group, identity, port in self.targets():
            if self.last_status == "RUNNING" and group.state(identity, port) == "unhealthy":
                return group
        return None

    def place(self, instance, held):
        self.instance = instance
        self.last_status = "PENDING"
        self.moments |= {"pullStartedAt": agenda.date()}
        if self.awsvpc:
            self._connect()
        taken = {port for task in held for port in task.host_ports}
        dynamic = (port for port in range(32768, 61000) if port not in taken)
        self.ports = {key: port or next(dynamic) for key, port in self.ports.items()}
        agenda.after(START, self._run)

    def _connect(self):
        config = self.options["networkConfiguration"]["awsvpcConfiguration"]
        ec2 = ec2_backends[self.backend.account_id][self.backend.region_name]
        subnets = [ec2.get_subnet(subnet) for subnet in config["subnets"]]
        subnet = next((s for s in subnets if s.availability_zone == self.instance.zone), subnets[0])
        self.interface = ec2.create_network_interface(
            subnet,
            subnet.get_available_subnet_ip(self),
            group_ids=config.get("securityGroups") or [],
            description=f"arn:aws:ecs:{self.backend.region_name}:{self.backend.account_id}:attachment/{uuid.uuid4()}",
        )
        self.interface.status = "in-use"

    def _run(self):
        if self.last_status != "PENDING" or self.desired_status != "RUNNING":
            return
        self.last_status, self.started = "RUNNING", agenda.now()
        self.injected = ecs_answers.injected(self)
        self.moments |= {"pullStoppedAt": agenda.date(), "startedAt": agenda.date()}
        for group, identity, port in self.targets():
            group.register([{"Id": identity, "Port": port, "task": self}])
        if self.broken:
            agenda.after(BROKEN, lambda: self._exit(1))
        elif self.service is None:
            agenda.after(JOB, lambda: self._exit(0))
        _tell(self)

    def _exit(self, code):
        if self.desired_status == "RUNNING":
            self.exit_code = code
            self.end("EssentialContainerExited", "Essential container in task exited", failed=code != 0, drain=False)

    def end(self, code, reason, failed=False, drain=True):
        """Begin to stop: out of the load balancer first, where it gets its time to drain."""
        if self.desired_status == "STOPPED":
            return
        self.desired_status = "STOPPED"
        self.stop = {"stopCode": code, "stoppedReason": reason}
        self.moments["stoppingAt"] = agenda.date()
        wait = 0
        for group, identity, port in self.targets():
            state = group.state(identity, port)
            group.deregister([{"Id": identity, "Port": port}])
            if drain and state in ("healthy", "initial"):
                wait = max(wait, group.delay)
        running = self.last_status == "RUNNING"
        self.last_status = "DEACTIVATING" if wait else "STOPPING"
        if failed and self.deployment:
            self.deployment.failed(self)
        agenda.after(wait + (SHUTDOWN if running and drain else 0), self._stopped)
        _tell(self)

    def lose(self, reason):
        """The instance is gone, and the task with it."""
        self.end("TerminationNotice", reason, drain=False)
        self._stopped()

    def _stopped(self):
        if self.last_status == "STOPPED":
            return
        self.last_status = "STOPPED"
        self.moments |= {"stoppedAt": agenda.date(), "executionStoppedAt": agenda.date()}
        if self.exit_code is None and self.started is not None:
            self.exit_code = 143
        if self.instance:
            self.instance.idle_since = agenda.now()
        if self.interface is not None and self.interface.id in self.interface.ec2_backend.enis:
            self.interface.delete()
        agenda.after(MEMORY_OF_STOPPED, lambda: self.backend.tasks.get(self.cluster_name, {}).pop(self.task_arn, None))
        _tell(self)

    def describe(self):
        network = []
        if self.interface is not None:
            status = "DELETED" if self.last_status == "STOPPED" else "ATTACHED"
            details = {
                "subnetId": self.interface.subnet.id,
                "networkInterfaceId": self.interface.id,
                "macAddress": self.interface.mac_address,
                "privateIPv4Address": self.interface.private_ip_address,
            }
            network = [{"id": self.id, "type": "ElasticNetworkInterface", "status": status,
                        "details": [{"name": k, "value": v} for k, v in details.items()]}]
        provider = self.options.get("capacityProviderName")
        kind = {"capacityProviderName": provider} if provider else {}
        return {
            "taskArn": self.task_arn,
            "clusterArn": self.cluster_arn,
            "taskDefinitionArn": self.definition.arn,
            "containerInstanceArn": self.instance.container_instance_arn if self.instance else None,
            "availabilityZone": self.instance.zone if self.instance else None,
            "lastStatus": self.last_status,
            "desiredStatus": self.desired_status,
            "healthStatus": self.health,
            "launchType": "EC2",
            "connectivity": "CONNECTED" if self.instance else None,
            "cpu": str(self.cpu),
            "memory": str(self.memory),
            "group": self.options["group"],
            "startedBy": self.options.get("startedBy"),
            "overrides": self.options.get("overrides") or {"containerOverrides": []},
            "enableExecuteCommand": bool(self.options.get("enableExecuteCommand")),
            "containers": [self._container(c) for c in self.definition.container_definitions],
            "attachments": network,
            "attributes": [],
            "version": 3,
            "tags": self.tags,
            **kind,
            **self.stop,
            **self.moments,
        }

    def _container(self, definition):
        own = uuid.uuid5(uuid.NAMESPACE_OID, self.id + definition["name"])
        described = {
            "containerArn": f"{self.task_arn.replace(':task/', ':container/')}/{own}",
            "taskArn": self.task_arn,
            "name": definition["name"],
            "image": definition["image"],
            "lastStatus": self.last_status if self.last_status in ("RUNNING", "STOPPED") else "PENDING",
            "healthStatus": self.health if definition.get("healthCheck") else "UNKNOWN",
            "cpu": str(definition.get("cpu") or 0),
            "networkBindings": [],
            "networkInterfaces": [],
        }
        for field in ("memory", "memoryReservation"):
            if definition.get(field):
                described[field] = str(definition[field])
        if self.exit_code is not None and self.last_status == "STOPPED":
            described["exitCode"] = self.exit_code
        if self.interface is not None:
            described["networkInterfaces"] = [
                {"attachmentId": self.id, "privateIpv4Address": self.interface.private_ip_address}
            ]
        elif self.started is not None:
            described["networkBindings"] = [
                {"bindIP": "0.0.0.0", "containerPort": port, "hostPort": host, "protocol": "tcp"}
                for (name, port), host in self.ports.items()
                if name == definition["name"]
            ]
        return described


def _tell(task):
    for listener in changed:
        listener(task)
