"""Secrets Manager: whoever names no version gets the one that bears AWSCURRENT, also after that label was moved."""

from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend

from .clock import Clock
from .patching import wrap


def install(clock: Clock) -> None:
    @wrap(SecretsManagerBackend, "update_secret_version_stage")
    def moved(
        original: Any, self: Any, secret_id: str, version_stage: str, remove_from_version_id: str, move_to_version_id: str
    ) -> tuple[str, str]:
        answer = original(secret_id, version_stage, remove_from_version_id, move_to_version_id)
        if version_stage == "AWSCURRENT" and move_to_version_id:
            self.secrets[secret_id].set_default_version_id(move_to_version_id)
        return answer
