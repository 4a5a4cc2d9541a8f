"""SNS: a subscription by mail is pending until somebody follows the link, which nobody does here."""

from typing import Any

from moto.core.responses import ActionResult
from moto.sns.responses import SNSResponse

from .clock import Clock
from .patching import wrap

PENDING = "PendingConfirmation"


def install(clock: Clock) -> None:
    for name in ("list_subscriptions", "list_subscriptions_by_topic"):
        wrap(SNSResponse, name)(_listed)

    @wrap(SNSResponse, "subscribe")
    def subscribe(original: Any, self: Any) -> ActionResult:
        answer = original()
        if self._get_param("Protocol") in ("email", "email-json") and not self._get_param("ReturnSubscriptionArn"):
            return ActionResult({"SubscriptionArn": "pending confirmation"})
        return answer


def _listed(original: Any, self: Any) -> ActionResult:
    result = original()._result
    return ActionResult({**result, "Subscriptions": [
        {
            "SubscriptionArn": PENDING if one.protocol in ("email", "email-json") else one.arn,
            "Owner": self.backend.account_id,
            "Protocol": one.protocol,
            "Endpoint": one.endpoint,
            "TopicArn": one.topic.arn,
        }
        for one in result["Subscriptions"]
    ]})
