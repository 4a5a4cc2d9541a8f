//! Service-linked roles: each service makes its own with its first resource in an account, if whoever makes that may make the role.

/// The services whose roles a city needs, for the condition of a policy.
pub const SERVICES: &[&str] = &[
    "autoscaling.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com",
];

/// The name of a service's role (D).
pub fn role_name(service: &str) -> &'static str {
    match service {
        "autoscaling.amazonaws.com" => "AWSServiceRoleForAutoScaling",
        "ecs.application-autoscaling.amazonaws.com" => "AWSServiceRoleForApplicationAutoScaling_ECSService",
        "elasticloadbalancing.amazonaws.com" => "AWSServiceRoleForElasticLoadBalancing",
        "rds.amazonaws.com" => "AWSServiceRoleForRDS",
        _ => "AWSServiceRoleForECS",
    }
}
