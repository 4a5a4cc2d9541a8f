//! Secrets are where the city is.

use super::Context;
use crate::spec::{finding::Finding, form::SecretArn};

/// ECS and `migrate` read secrets in the city's own account and region.
pub fn place(context: &Context<'_>, out: &mut Vec<Finding>) {
    let spec = context.spec;
    let own = [("legacy.database.credentials".to_owned(), &spec.legacy.database.credentials)].into_iter();
    let services = spec.services.iter().flat_map(|(name, service)| {
        service.secrets.iter().map(move |(key, arn)| (format!("services.{name}.secrets.{key}"), arn))
    });
    for (field, arn) in own.chain(services) {
        let arn: &SecretArn = arn;
        if arn.account() != spec.account.as_str() {
            let message = format!("the secret is in account {}, the city in {}", arn.account(), spec.account);
            out.push(Finding::at(field.clone(), message).and("account"));
        }
        if arn.region() != spec.region.as_str() {
            let message = format!("the secret is in region {}, the city in {}", arn.region(), spec.region);
            out.push(Finding::at(field, message).and("region").help("replicate the secret to the city's region"));
        }
    }
}
