//! Preflight of an opened city: whom to ask.

use super::open::Opened;
use crate::engine::plan::Plan;
use crate::preflight::resolver::{Internet, Resolver, ZoneData};
use crate::preflight::{Finding, Subject, run};
use std::time::Duration;

/// What is found before `plan` is carried out; the live database may take so long to answer. Where an emulator stands for AWS, its zone stands
/// for DNS.
pub async fn findings(city: &Opened, plan: &Plan, patience: Duration) -> Vec<Finding> {
    let zone = ZoneData { aws: &city.aws, zone: &plan.lookups.hosted_zone };
    let internet = (!city.emulated).then(Internet::new);
    let dns: &dyn Resolver = match &internet {
        Some(internet) => internet,
        None => &zone,
    };
    let subject = Subject {
        city: &city.city,
        plan,
        aws: &city.aws,
        s3: city.store.client(),
        bucket: &city.bucket,
        dns,
        emulated: city.emulated,
        patience,
        command: city.prefix,
    };
    run(&subject).await
}
