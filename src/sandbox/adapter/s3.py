"""S3: a new bucket has the defaults of today: encrypted, private, owned by its account."""

from typing import Any

from moto.s3.models import FakeBucket, PublicAccessBlock

from .clock import Clock
from .patching import wrap


def install(clock: Clock) -> None:
    @wrap(FakeBucket, "__init__")
    def init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        self.public_access_block = PublicAccessBlock(True, True, True, True)
        self.encryption = {
            "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
        self.ownership_rule = "BucketOwnerEnforced"
