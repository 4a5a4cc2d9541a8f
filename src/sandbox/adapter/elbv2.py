"""Elastic Load Balancing v2: moto's API with balancers, listeners and targets that behave like AWS's."""

from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance
from moto.elbv2 import models
from moto.elbv2.exceptions import DuplicateTargetGroupName, ELBClientError, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer, elbv2_backends
from moto.elbv2.responses import ELBV2Response

from . import elbv2_balancer as balancer
from . import elbv2_checks as checks
from . import elbv2_listener as listener
from . import elbv2_targets as targets
from . import patching
from .control import Control
from .db_fleet import FLEET
from .ecs_agenda import agenda, replace

# Tags on one resource, and resources in one DescribeTags (AWS's limits).
_TAGS = 50
_DESCRIBED = 20

_BASE = {name: getattr(ELBv2Backend, name) for name in ("create_target_group", "describe_rules",
                                                        "describe_target_groups")}


def install(_clock):
    """Change moto's load balancing."""
    models.FakeTargetGroup = targets.TargetGroup
    # moto's balancers become active when they are described: here only when their time has come.
    FakeLoadBalancer.activate = _activate
    replace(
        ELBv2Backend,
        balancer.create_load_balancer,
        balancer.describe_load_balancers,
        balancer.delete_load_balancer,
        balancer.set_security_groups,
        balancer.set_subnets,
        balancer.modify_load_balancer_attributes,
        listener.create_listener,
        listener.modify_listener,
        listener.delete_listener,
        listener.create_rule,
        listener.modify_rule,
        listener.delete_rule,
        listener.set_rule_priorities,
        listener.add_listener_certificates,
        targets.describe_target_health,
        targets.delete_target_group,
        create_target_group,
        describe_target_groups,
        describe_rules,
        add_tags,
        describe_tags,
    )
    replace(ELBV2Response, modify_target_group_attributes, create_listener)
    patching.wrap(ELBv2Backend, "modify_target_group")(_look_after)
    for change in ("start", "stop", "terminate"):
        patching.wrap(Instance, change)(_instance_changed)
    patching.wrap(Control, "__init__")(_add_control)


def _look_after(original, backend, *args, **named):
    """A change after which targets may answer otherwise."""
    done = original(*args, **named)
    checks.look_at_all(backend.account_id, backend.region_name)
    return done


def _instance_changed(original, self):
    done = _look_after(original, self.ec2_backend)
    FLEET.machine(self.id, self.is_running())
    return done


def _add_control(original, self, *args, **named):
    """POST /_sandbox/target-health {"target_group_arn", "target_id"?, "state", "reason"?}"""
    original(*args, **named)

    def order(body):
        with self.lock:
            agenda.run()
            set_target_health(body["target_group_arn"], body.get("target_id"), body["state"], body.get("reason"))
            agenda.run()

    self._routes["POST", "target-health"] = order


def set_target_health(target_group_arn, target_id, state, reason=None):
    """Hold the targets of a group (one id, or None for all) in a state; the state None lets them go again."""
    region, account = target_group_arn.split(":")[3:5]
    group = elbv2_backends[account][region].target_groups[target_group_arn]
    group.orders = [order for order in group.orders if order[0] != target_id]
    if state is not None:
        default = "Target.FailedHealthChecks" if state == "unhealthy" else None
        # An order for one target comes before one for all.
        group.orders.insert(0 if target_id else len(group.orders), (target_id, state, reason or default))
    for listener in checks.health_changed:
        listener(account, region)


def _activate(self):
    if self.state == "provisioning" and agenda.now() >= self.active_at:
        self.state = "active"


def create_target_group(self, name, **given):
    for known in self.target_groups.values():
        if known.name == name:
            if known.same_settings(given):
                return known
            raise DuplicateTargetGroupName(
                f"A target group with the same name '{name}' exists, but with different settings"
            )
    return _BASE["create_target_group"](self, name, **given)


def describe_target_groups(self, load_balancer_arn, target_group_arns, names):
    if load_balancer_arn and load_balancer_arn in self.load_balancers and not target_group_arns and not names:
        return [g for g in self.target_groups.values() if load_balancer_arn in g.load_balancer_arns]
    return _BASE["describe_target_groups"](self, load_balancer_arn, target_group_arns, names)


def describe_rules(self, listener_arn, rule_arns):
    rules = _BASE["describe_rules"](self, listener_arn, rule_arns)
    return sorted(rules, key=lambda rule: (rule.is_default, rule.priority if not rule.is_default else 0))


def add_tags(self, resource_arns, tags):
    for arn in resource_arns:
        self._get_resource_by_arn(arn)
        keys = set(self.tagging_service.get_tag_dict_for_resource(arn)) | {tag["Key"] for tag in tags}
        if len(keys) > _TAGS:
            raise ELBClientError("TooManyTags", "The quota for the number of tags has been reached")
        self.tagging_service.tag_resource(arn, tags)


def describe_tags(self, resource_arns):
    if len(resource_arns) > _DESCRIBED:
        raise ELBClientError("ValidationError", f"You can describe the tags of at most {_DESCRIBED} resources at once")
    for arn in resource_arns:
        self._get_resource_by_arn(arn)
    return {arn: self.tagging_service.get_tag_dict_for_resource(arn) for arn in resource_arns}


def modify_target_group_attributes(self):
    """AWS answers all attributes, not only the changed ones."""
    arn = self._get_param("TargetGroupArn")
    if arn not in self.elbv2_backend.target_groups:
        raise TargetGroupNotFoundError()
    changes = {a["Key"]: a["Value"] for a in self._get_param("Attributes", [])}
    self.elbv2_backend.modify_target_group_attributes(arn, changes)
    return ActionResult({"Attributes": self.elbv2_backend.target_groups[arn].attributes})


def create_listener(self):
    given = self._get_params()
    certificates = given.get("Certificates") or []
    created = self.elbv2_backend.create_listener(
        load_balancer_arn=given.get("LoadBalancerArn"),
        protocol=given.get("Protocol"),
        port=given.get("Port"),
        ssl_policy=given.get("SslPolicy"),
        certificate=certificates[0]["CertificateArn"] if certificates else None,
        actions=given.get("DefaultActions", []),
        alpn_policy=given.get("AlpnPolicy", []),
        tags=given.get("Tags"),
    )
    return ActionResult({"Listeners": [created]})
