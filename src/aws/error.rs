//! Every AWS error code that means something to `migrate`, classified in one place.

use crate::engine::{CloudError, ErrorClass};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// For `map_err`: turns the SDK's error of `call` (`service:Operation`) into a classified one.
pub fn call<E: ProvideErrorMetadata, R>(call: &'static str) -> impl Fn(SdkError<E, R>) -> CloudError {
    move |error| {
        if let SdkError::ServiceError(service) = &error {
            let code = service.err().code().unwrap_or_default();
            let message = service.err().message().unwrap_or("no message");
            return CloudError {
                class: classify(code, message),
                call: call.into(),
                code: code.into(),
                message: message.into(),
            };
        }
        let class = match &error {
            SdkError::ConstructionFailure(_) => ErrorClass::Other,
            _ if no_credentials(&error) => ErrorClass::Denied,
            _ => ErrorClass::Unavailable,
        };
        CloudError { class, call: call.into(), code: String::new(), message: reason(&error) }
    }
}

fn no_credentials<E, R>(error: &SdkError<E, R>) -> bool {
    matches!(error, SdkError::DispatchFailure(failure) if failure.is_other() || failure.is_user())
}

/// The chain of causes of an error without an answer, outermost first, each once.
fn reason<E, R>(error: &SdkError<E, R>) -> String {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = match error {
        SdkError::DispatchFailure(failure) => failure.as_connector_error().map(|e| e as _),
        _ => None,
    };
    let mut parts: Vec<String> = Vec::new();
    while let Some(error) = cause {
        let text = error.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        cause = error.source();
    }
    if parts.is_empty() { error.to_string() } else { parts.join(": ") }
}

/// What an error code means. `message` decides only where one code means several things.
pub fn classify(code: &str, message: &str) -> ErrorClass {
    use ErrorClass::*;
    match code {
        "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "ThrottledException"
        | "RequestThrottled"
        | "BandwidthLimitExceeded" => Throttled,

        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "AuthorizationError"
        | "InvalidAccessKeyId"
        | "OptInRequired" => Denied,

        "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "ServerException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "Unavailable"
        | "RequestTimeout"
        | "InternalServiceError" => Unavailable,

        "DependencyViolation"
        | "ResourceInUse"
        | "ResourceInUseException"
        | "ResourceInUseFault"
        | "ResourceContention"
        | "ScalingActivityInProgress"
        | "ScalingActivityInProgressFault"
        | "UpdateInProgress"
        | "UpdateInProgressException"
        | "InstanceRefreshInProgress"
        | "OperationAborted"
        | "DeleteConflict"
        | "DeleteConflictException"
        | "InvalidDBInstanceState"
        | "InvalidDBParameterGroupState"
        | "InvalidDBSubnetGroupStateFault"
        | "InvalidDBSubnetGroupState"
        | "ConcurrentModification"
        | "ConcurrentModificationException"
        | "ConcurrentUpdateException"
        | "ClusterContainsContainerInstancesException"
        | "ClusterContainsServicesException"
        | "ClusterContainsTasksException"
        | "ClusterContainsCapacityProviderException"
        | "InvalidAllocationID.InUse"
        | "InvalidIPAddress.InUse"
        | "Gateway.NotAttached"
        | "HealthCheckInUse" => Dependency,

        "ClusterNotFoundException" | "ClusterNotFound" if message.contains("INACTIVE") => NotFound,
        "InvalidParameterException" if message.contains("does not have an associated load balancer") => Propagating,
        "InvalidParameterException" if message.contains("Unable to assume the service linked role") => Propagating,
        "InvalidParameterException" if message.contains("assume the role") => Propagating,
        "ClientException" if message.contains("verify that the ECS service role") => Propagating,
        // ECS has no code of its own for a capacity provider or a task definition that isn't there.
        "ClientException" if message.contains("does not exist") => NotFound,
        "ValidationError" if message.contains("Invalid IAM Instance Profile") => Propagating,
        "InvalidParameterValue" if message.contains("Invalid IAM Instance Profile") => Propagating,
        "InvalidParameterValue" if message.contains("with role") => Propagating,
        "InvalidParameterValue" if message.contains("IAM role ARN value is invalid") => Propagating,
        "InvalidParameter" if message.contains("Unable to assume given IAM role") => Propagating,
        "UnsupportedCertificate" => Propagating,
        "MalformedPolicyDocument" if message.contains("Invalid principal") => Propagating,
        "InvalidParameterCombination" if message.contains("eletion protection") => Other,
        "InvalidParameterException" if message.contains("capacity provider is in use") => Dependency,
        "ValidationError" if message.contains("not found") => NotFound,
        "InvalidChangeBatch" if message.contains("not found") => NotFound,
        "NotFoundException"
        | "NotFound"
        | "NoSuchEntity"
        | "ResourceNotFoundException"
        | "ResourceNotFound"
        | "ServiceNotFoundException"
        | "ClusterNotFoundException"
        | "NoSuchHealthCheck"
        | "NoSuchHostedZone"
        | "DashboardNotFoundError"
        | "RepositoryNotFoundException"
        | "ImageNotFoundException"
        | "NoSuchKey"
        | "NoSuchBucket"
        | "ObjectNotFoundException"
        | "ServiceNotActiveException" => NotFound,
        _ if code.ends_with(".NotFound") || code.ends_with("NotFoundFault") || code.ends_with("NotFoundException") => {
            NotFound
        }
        _ if matches!(code, "DBInstanceNotFound" | "DBParameterGroupNotFound" | "DBSnapshotNotFound") => NotFound,
        _ if code.ends_with("NotFound") => NotFound,
        _ if code.ends_with(".Malformed") => Other,

        "InvalidGroup.Duplicate"
        | "InvalidSubnet.Conflict"
        | "InvalidPermission.Duplicate"
        | "RouteAlreadyExists"
        | "EntityAlreadyExists"
        | "BucketAlreadyOwnedByYou"
        | "DuplicateListener"
        | "DuplicateLoadBalancerName"
        | "DuplicateTargetGroupName"
        | "PriorityInUse"
        | "InvalidLaunchTemplateName.AlreadyExistsException"
        | "AlreadyExists"
        | "AlreadyExistsFault"
        | "FlowLogAlreadyExists"
        | "HealthCheckAlreadyExists" => AlreadyExists,
        _ if code.ends_with("AlreadyExists")
            || code.ends_with("AlreadyExistsException")
            || code.ends_with("AlreadyExistsFault") =>
        {
            AlreadyExists
        }

        "AddressLimitExceeded"
        | "InstanceLimitExceeded"
        | "VcpuLimitExceeded"
        | "TooManyHealthChecks"
        | "LimitExceeded"
        | "LimitExceededException"
        | "StorageQuotaExceeded"
        | "InstanceQuotaExceeded" => Quota,
        _ if code.ends_with("LimitExceeded")
            || code.ends_with("QuotaExceeded")
            || code.ends_with("QuotaExceededFault")
            || code.starts_with("TooMany") =>
        {
            Quota
        }
        _ => Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_the_caller_can_do() {
        for (code, message, class) in [
            ("RequestLimitExceeded", "", ErrorClass::Throttled),
            ("VpcLimitExceeded", "", ErrorClass::Quota),
            ("InvalidVpcID.NotFound", "", ErrorClass::NotFound),
            ("LoadBalancerNotFound", "", ErrorClass::NotFound),
            ("ValidationError", "Invalid IAM Instance Profile name", ErrorClass::Propagating),
            ("ValidationError", "1 validation error", ErrorClass::Other),
            (
                "InvalidParameterCombination",
                "Cannot delete protected DB Instance, deletion protection",
                ErrorClass::Other,
            ),
            ("DependencyViolation", "", ErrorClass::Dependency),
            ("DBInstanceAlreadyExists", "", ErrorClass::AlreadyExists),
            ("UnauthorizedOperation", "", ErrorClass::Denied),
        ] {
            assert_eq!(classify(code, message), class, "{code} {message}");
        }
    }
}
