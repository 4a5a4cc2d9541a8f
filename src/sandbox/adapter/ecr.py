"""ECR: an image's digest is that of its manifest."""

import hashlib
from typing import Any

from moto.ecr.models import Image

from .clock import Clock


def install(clock: Clock) -> None:
    def digest(self: Any) -> None:
        self._image_digest = "sha256:" + hashlib.sha256(self.image_manifest.encode()).hexdigest()

    Image._create_digest = digest
