"""S3: a new bucket has the defaults of today: encrypted, private, owned by its account."""

import json
from typing import Any

from moto.s3.models import FakeBucket, PublicAccessBlock
from moto.s3.responses import S3Response

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

    @wrap(FakeBucket, "get_permission")
    def get_permission(original: Any, self: Any, action: str, resource: str) -> Any:
        """moto doesn't look at conditions: a policy that denies calls without TLS would deny them all. Loopback counts as TLS."""
        policy = self.policy
        if policy is None:
            return original(action, resource)
        statements = json.loads(policy)["Statement"]
        kept = [s for s in statements if "aws:SecureTransport" not in json.dumps(s.get("Condition", {}))]
        self.policy = json.dumps({"Version": "2012-10-17", "Statement": kept}).encode() if kept else None
        try:
            return original(action, resource)
        finally:
            self.policy = policy

    @wrap(S3Response, "get_bucket_versioning")
    def get_bucket_versioning(original: Any, self: Any) -> Any:
        """moto names the root element GetBucketVersioningResponse, which strict parsers refuse."""
        status, headers, body = original()
        text = body.decode() if isinstance(body, bytes) else body
        return status, headers, text.replace("GetBucketVersioningResponse", "VersioningConfiguration")
