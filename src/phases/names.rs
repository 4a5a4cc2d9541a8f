//! The AWS names that more than one phase uses. All are deterministic: a resource whose record was lost is found by its name.

/// Name of the ECS cluster.
pub fn cluster(city: &str) -> String {
    city.to_owned()
}

/// Bucket for the load balancers' access logs: one for each account and region, made by `migrate bootstrap`.
pub fn log_bucket(account: &str, region: &str) -> String {
    format!("migrate-logs-{account}-{region}")
}

/// Log group of a service's containers.
pub fn service_log_group(city: &str, service: &str) -> String {
    format!("/migrate/{city}/{service}")
}
