"""Listeners and rules: certificates and policies checked, actions as AWS describes them, priorities, duplicates."""

from moto.acm.models import acm_backends
from moto.elbv2.exceptions import (
    DuplicatePriorityError,
    ELBClientError,
    ListenerNotFoundError,
    LoadBalancerNotFoundError,
    PriorityInUseError,
    RuleNotFoundError,
)
from moto.elbv2.models import ELBv2Backend, FakeAction
from moto.elbv2.ssl_policies import SSL_POLICIES
from moto.iam.models import iam_backends

from .ecs_agenda import agenda

DEFAULT_POLICY = "ELBSecurityPolicy-2016-08"

_BASE = {name: getattr(ELBv2Backend, name) for name in ("create_listener", "create_rule", "modify_rule")}


def relink(backend):
    """After any change of listeners or rules: which balancers each target group serves."""
    groups = {}
    for balancer in backend.load_balancers.values():
        for listener in balancer.listeners.values():
            for rule in listener.rules.values():
                for action in rule.actions:
                    for arn in backend._get_target_group_arns_from(action.data):
                        groups.setdefault(arn, {})[balancer.arn] = balancer
    for group in backend.target_groups.values():
        users = groups.get(group.arn, {})
        group.load_balancer_arns = sorted(users)
        if not users:
            group.used_since = None
        elif group.used_since is None:
            group.used_since = max(agenda.now(), min(b.active_at for b in users.values()))


def _check_certificate(backend, arn):
    if ":iam:" in arn:
        if iam_backends[backend.account_id][backend.partition].get_certificate_by_arn(arn) is None:
            raise ELBClientError("CertificateNotFound", f"Certificate '{arn}' not found")
        return
    bundle = acm_backends[backend.account_id][backend.region_name]._certificates.get(arn)
    if bundle is None:
        raise ELBClientError("CertificateNotFound", f"Certificate '{arn}' not found")
    bundle.check()
    if bundle.status != "ISSUED":
        raise ELBClientError(
            "UnsupportedCertificate",
            f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, "
            "and a supported key size.",
        )


def _check_tls(backend, protocol, policy, certificates):
    """AWS's errors about TLS; answers the policy in force."""
    if protocol not in ("HTTPS", "TLS"):
        if certificates:
            raise ELBClientError("ValidationError", "A certificate cannot be specified for HTTP listeners")
        return None
    if not certificates:
        raise ELBClientError("ValidationError", "A certificate must be specified for HTTPS listeners")
    for arn in certificates:
        _check_certificate(backend, arn)
    policy = policy or DEFAULT_POLICY
    if policy not in SSL_POLICIES:
        raise ELBClientError("SSLPolicyNotFound", f"SSL policy '{policy}' not found")
    return policy


def _check_owner(backend, balancer, actions):
    for action in actions:
        for arn in backend._get_target_group_arns_from(action):
            group = backend.target_groups.get(arn)
            if group is not None and set(group.load_balancer_arns) - {balancer.arn}:
                raise ELBClientError(
                    "TargetGroupAssociationLimit",
                    f"The following target groups cannot be associated with more than one load balancer: {arn}",
                )


def _full(action):
    """An action with what AWS fills in."""
    action = dict(action)
    if action["Type"] == "redirect":
        action["RedirectConfig"] = {
            "Protocol": "#{protocol}",
            "Port": "#{port}",
            "Host": "#{host}",
            "Path": "/#{path}",
            "Query": "#{query}",
            **action["RedirectConfig"],
        }
    if action["Type"] == "forward":
        forward = action.get("ForwardConfig") or {"TargetGroups": [{"TargetGroupArn": action["TargetGroupArn"]}]}
        groups = [{"Weight": 1, **group} for group in forward["TargetGroups"]]
        stickiness = forward.get("TargetGroupStickinessConfig") or {"Enabled": False}
        action["ForwardConfig"] = {"TargetGroups": groups, "TargetGroupStickinessConfig": stickiness}
        if len(groups) == 1:
            action["TargetGroupArn"] = groups[0]["TargetGroupArn"]
        else:
            action.pop("TargetGroupArn", None)
    return action


def _complete(conditions):
    for condition in conditions:
        for field, config in (("host-header", "HostHeaderConfig"), ("path-pattern", "PathPatternConfig")):
            if condition.get("Field") == field:
                values = condition.get("Values") or condition[config]["Values"]
                condition |= {"Values": values, config: {"Values": values}}


def create_listener(self, load_balancer_arn, protocol, port, ssl_policy, certificate, actions, alpn_policy=None,
                    tags=None):
    balancer = self.load_balancers.get(load_balancer_arn)
    if balancer is None:
        raise LoadBalancerNotFoundError()
    actions = [_full(action) for action in actions]
    for known in balancer.listeners.values():
        if str(known.port) != str(port):
            continue
        settings = (known.protocol, known.certificate, [a.data for a in known.default_actions])
        if settings == (protocol, certificate, actions):
            return known
        raise ELBClientError(
            "DuplicateListener", f"A listener already exists on this port for this load balancer '{load_balancer_arn}'"
        )
    self._validate_port_and_protocol(balancer.type, port, protocol)
    policy = _check_tls(self, protocol, ssl_policy, [certificate] if certificate else [])
    _check_owner(self, balancer, actions)
    listener = _BASE["create_listener"](self, load_balancer_arn, protocol, port, policy, certificate, actions,
                                        alpn_policy, tags)
    listener.attributes = {"routing.http.response.server.enabled": "true"}
    listener.mutual_authentication = {"Mode": "off"} if policy else None
    relink(self)
    return listener


def modify_listener(self, arn, port=None, protocol=None, ssl_policy=None, certificates=None, actions=None):
    listener = self.describe_listeners(load_balancer_arn=None, listener_arns=[arn])[0]
    balancer = self.load_balancers[listener.load_balancer_arn]
    if port is not None and any(str(o.port) == str(port) for o in balancer.listeners.values() if o is not listener):
        raise ELBClientError("DuplicateListener", f"A listener already exists on this port for '{balancer.arn}'")
    wanted = [c["CertificateArn"] for c in certificates or []]
    protocol = protocol or listener.protocol
    extra = listener.certificates[1:]
    current = listener.certificates[:1] if protocol in ("HTTPS", "TLS") else []
    policy = _check_tls(self, protocol, ssl_policy or listener.ssl_policy, wanted or current)
    if actions:
        actions = [_full(action) for action in actions]
        _check_owner(self, balancer, actions)
        fakes = [FakeAction(action) for action in actions]
        self._validate_actions(fakes)
        listener.default_actions = listener._default_rule[0].actions = fakes
    listener.port, listener.protocol, listener.ssl_policy = port or listener.port, protocol, policy
    listener.certificates = (wanted or current) + (extra if policy else [])
    listener.certificate = next(iter(listener.certificates), None)
    relink(self)
    return listener


def delete_listener(self, listener_arn):
    for balancer in self.load_balancers.values():
        listener = balancer.listeners.pop(listener_arn, None)
        if listener:
            for arn in [listener.arn, *listener.rules]:
                self.tagging_service.delete_all_tags_for_resource(str(arn))
            relink(self)
            return listener
    raise ListenerNotFoundError()


def create_rule(self, listener_arn, conditions, priority, actions, tags=None):
    listener = self.describe_listeners(None, [listener_arn])[0]
    actions = [_full(action) for action in actions]
    _check_owner(self, self.load_balancers[listener.load_balancer_arn], actions)
    rule = _BASE["create_rule"](self, listener_arn, conditions, priority, actions, tags)
    _complete(rule.conditions)
    relink(self)
    return rule


def modify_rule(self, rule_arn, conditions, actions):
    rule = _BASE["modify_rule"](self, rule_arn, conditions, [_full(action) for action in actions])
    _complete(rule.conditions)
    relink(self)
    return rule


def delete_rule(self, arn):
    for balancer in self.load_balancers.values():
        for listener in balancer.listeners.values():
            for rule in listener.rules.values():
                if rule.arn != arn:
                    continue
                if rule.is_default:
                    raise ELBClientError("OperationNotPermitted", f"Default rule '{arn}' cannot be deleted")
                listener.remove_rule(arn)
                self.tagging_service.delete_all_tags_for_resource(arn)
                relink(self)
                return
    raise RuleNotFoundError()


def set_rule_priorities(self, rule_priorities):
    wanted = {entry["RuleArn"]: entry["Priority"] for entry in rule_priorities}
    for priority in wanted.values():
        if list(wanted.values()).count(priority) > 1:
            raise DuplicatePriorityError(priority)
    rules = self.describe_rules(listener_arn=None, rule_arns=list(wanted))
    for rule in rules:
        for other in self.describe_rules(listener_arn=rule.listener_arn, rule_arns=None):
            if other.arn not in wanted and other.priority == wanted[rule.arn]:
                raise PriorityInUseError()
    for rule in rules:
        rule.priority = wanted[rule.arn]
    return rules


def add_listener_certificates(self, arn, certificates):
    listener = self.describe_listeners(load_balancer_arn=None, listener_arns=[arn])[0]
    for certificate in certificates:
        _check_certificate(self, certificate["CertificateArn"])
        if certificate["CertificateArn"] not in listener.certificates:
            listener.certificates.append(certificate["CertificateArn"])
    relink(self)
    return [c["CertificateArn"] for c in certificates]
