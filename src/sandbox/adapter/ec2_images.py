"""Launch templates and images. Image ids that name an SSM parameter: `resolve:ssm:/aws/service/…` is looked up at launch.

The tags of a launch template itself aren't part of what it launches.
"""

import hashlib
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.ssm.models import Parameter, ParameterDict, ssm_backends

from .clock import Clock
from .patching import wrap

PREFIX = "resolve:ssm:"
# The public parameters of the ECS-optimised image, x86_64 and arm64 (D).
ECS_IMAGES = (
    "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
)


def image_of(name: str, region: str) -> str:
    """A stable image id for a public parameter in a region."""
    return "ami-0" + hashlib.sha256(f"{region}{name}".encode()).hexdigest()[:16]


def resolve(account: str, region: str, image: str | None) -> str | None:
    """The image id behind `resolve:ssm:NAME`; anything else stays as it is."""
    if not image or not image.startswith(PREFIX):
        return image
    name = image.removeprefix(PREFIX)
    found = ssm_backends[account][region].get_parameters([name])
    if name not in found:
        raise EC2ClientError("InvalidParameterValue", f"The SSM parameter {name} could not be resolved.")
    return found[name].value


def install(clock: Clock) -> None:
    plain = LaunchTemplateVersion.image_id.fget

    def image_id(self: Any) -> str | None:
        backend = self.template.ec2_backend
        return resolve(backend.account_id, backend.region_name, plain(self))

    LaunchTemplateVersion.image_id = property(image_id)

    @wrap(LaunchTemplateVersion, "__init__")
    def init(original: Any, self: Any, template: Any, number: int, data: dict, description: str) -> None:
        original(template, number, data, description)
        kept = [one for one in data.get("TagSpecifications", []) if one["ResourceType"] != "launch-template"]
        self.data = {key: value for key, value in data.items() if key != "TagSpecifications"}
        if kept:
            self.data["TagSpecifications"] = kept

    @wrap(InstanceBackend, "run_instances")
    def run(original: Any, self: Any, image_id: str, *args: Any, **kwargs: Any) -> Any:
        return original(resolve(self.account_id, self.region_name, image_id), *args, **kwargs)

    _public_parameters()


def _public_parameters() -> None:
    """The ECS-optimised images are parameters in every region, also where moto's data lacks them."""

    @wrap(ParameterDict, "_load_tree_parameters")
    def load(original: Any, self: Any, path: str) -> None:
        original(path)
        if not path.startswith("ecs/"):
            return
        for name in ECS_IMAGES:
            if not dict.get(self, name):
                dict.setdefault(self, name, []).append(Parameter(
                    account_id=self.account_id, name=name, value=image_of(name, self.region_name),
                    parameter_type="String", description=None, allowed_pattern=None, keyid=None,
                    last_modified_date=utcnow(), version=1, data_type="text",
                ))
