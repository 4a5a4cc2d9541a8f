"""RDS rotates the master password that it manages every seven days: a new current version of the secret, the server's
password changed, the old one refused. RotateSecret and RotateMasterUserPassword do it at once."""

import json
import secrets
from typing import Any

from moto.rds.models import RDSBackend, rds_backends
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

from . import rds_server
from .clock import Clock
from .ecs_agenda import agenda
from .patching import wrap
from .seed_data import value

DAYS = 7  # RDS guide, password management with Secrets Manager: D
AGAIN = 300  # E: until it tries again, where the database didn't let it


def install(clock: Clock) -> None:
    @wrap(RDSBackend, "create_db_instance")
    def create(original: Any, self: Any, db_kwargs: Any) -> Any:
        instance = original(db_kwargs)
        _begin(clock, self, instance)
        return instance

    @wrap(RDSBackend, "modify_db_instance")
    def modify(original: Any, self: Any, db_instance_identifier: str, db_kwargs: Any) -> Any:
        instance = original(db_instance_identifier, db_kwargs)
        _begin(clock, self, instance)
        return instance

    @wrap(SecretsManagerBackend, "rotate_secret")
    def rotate(original: Any, self: Any, secret_id: str, *args: Any, **kwargs: Any) -> Any:
        instance = _owner(self, secret_id)
        if instance is None:
            return original(secret_id, *args, **kwargs)
        if not _rotate(clock, instance):
            raise InvalidRequestException(f"The database {instance.db_instance_identifier} is not available.")
        secret = self.secrets[secret_id]
        return secret.to_short_dict()


def _begin(clock: Clock, backend: Any, instance: Any) -> None:
    """From now on its password is rotated, if RDS manages it and this isn't so already."""
    secret = instance.master_user_secret if instance.manage_master_user_password else None
    if secret is None or secret.secret.rotation_enabled:
        return
    secret.secret.rotation_requested = secret.secret.rotation_enabled = True
    secret.secret.auto_rotate_after_days = DAYS
    _plan(clock, backend, instance, secret, DAYS * 86400)


def _plan(clock: Clock, backend: Any, instance: Any, secret: Any, seconds: float) -> None:
    secret.secret.next_rotation_date = int(clock.date().timestamp() + seconds)

    def due() -> None:
        gone = backend.databases.get(instance.db_instance_identifier) is not instance
        if gone or vars(instance).get("master_user_secret") is not secret:
            return
        _plan(clock, backend, instance, secret, DAYS * 86400 if _rotate(clock, instance) else AGAIN)

    agenda.after(seconds, due)


def _rotate(clock: Clock, instance: Any) -> bool:
    """Once, if the database lets it."""
    server = rds_server.of(instance)
    if instance.status != "available" or (server and server.state != "ready"):
        return False
    secret, store = instance.master_user_secret.secret, instance.backend.secretsmanager
    fresh = json.loads(value(secret)) | {"password": secrets.token_urlsafe(24)}
    store.put_secret_value(secret.arn, json.dumps(fresh), None, None, ["AWSCURRENT"])
    secret.last_rotation_date = int(clock.date().timestamp())
    rds_server.changed(instance)
    return True


def _owner(store: Any, secret_id: str) -> Any | None:
    """The instance whose managed secret it is."""
    for instance in rds_backends[store.account_id][store.region_name].databases.values():
        if instance.manage_master_user_password and store.secrets.get(secret_id) is instance.master_user_secret.secret:
            return instance
    return None
