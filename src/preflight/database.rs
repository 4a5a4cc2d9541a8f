//! Whether RDS sells the database's class with that engine version, on two zones, on gp3.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::call;
use crate::engine::CloudResult;
use crate::spec::CitySpec;
use async_trait::async_trait;
use aws_sdk_rds::types::OrderableDbInstanceOption;
use std::collections::BTreeSet;

/// The check.
pub struct Database;

/// What is on offer on gp3 storage.
#[derive(Clone, Debug, Default, PartialEq)]
struct Facts {
    /// On any storage.
    orderable: bool,
    gp3: bool,
    multi_az: bool,
    zones: BTreeSet<String>,
    /// GiB.
    storage: Option<(i32, i32)>,
}

#[async_trait]
impl Check for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        subject.makes("rds:instance")
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let spec = &subject.city.spec;
        let ask = subject
            .aws
            .rds
            .describe_orderable_db_instance_options()
            .engine(spec.engine().name())
            .engine_version(spec.database.version.to_string())
            .db_instance_class(spec.database.class.to_string())
            .vpc(true);
        let mut pages = ask.into_paginator().send();
        let mut options = Vec::new();
        while let Some(page) = pages.next().await {
            match page.map_err(call("rds:DescribeOrderableDBInstanceOptions")) {
                Ok(page) => options.extend(page.orderable_db_instance_options.unwrap_or_default()),
                // RDS answers so for an engine version that it doesn't have.
                Err(error) if error.code == "InvalidParameterCombination" || error.code == "InvalidParameterValue" => {
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(judge(&facts(&options), &subject.city.spec))
    }
}

fn facts(options: &[OrderableDbInstanceOption]) -> Facts {
    let gp3: Vec<_> = options.iter().filter(|option| option.storage_type() == Some("gp3")).collect();
    let zones =
        gp3.iter().flat_map(|option| option.availability_zones()).filter_map(|zone| zone.name().map(str::to_owned));
    let limits = gp3.iter().filter_map(|option| Some((option.min_storage_size()?, option.max_storage_size()?)));
    Facts {
        orderable: !options.is_empty(),
        gp3: !gp3.is_empty(),
        multi_az: gp3.iter().any(|option| option.multi_az_capable() == Some(true)),
        zones: zones.collect(),
        storage: limits.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))),
    }
}

fn judge(facts: &Facts, spec: &CitySpec) -> Verdict {
    let what = format!("{} {} on {}", spec.engine().name(), spec.database.version, spec.database.class);
    let choose = format!(
        "aws rds describe-orderable-db-instance-options --engine {} --engine-version {} --vpc shows what there is",
        spec.engine().name(),
        spec.database.version
    );
    let mut verdict = Verdict::default();
    if !facts.orderable {
        verdict.fail(
            format!("{} doesn't sell {what}", spec.region),
            format!("change `database.class` or `database.version`: {choose}"),
        );
        return verdict;
    }
    if !facts.gp3 {
        verdict.fail(format!("{what} isn't sold with gp3 storage"), format!("change `database.class`: {choose}"));
        return verdict;
    }
    if !facts.multi_az {
        verdict.fail(format!("{what} isn't sold on two zones"), format!("change `database.class`: {choose}"));
    }
    let here = spec.zone_names().into_iter().filter(|zone| facts.zones.contains(zone)).count();
    if here < 2 {
        verdict.fail(
            format!("{what} is sold in {here} of the city's zones: Multi-AZ needs two"),
            format!("choose `network.zones` among {}", facts.zones.iter().cloned().collect::<Vec<_>>().join(", ")),
        );
    }
    let storage = spec.database.storage.cast_signed();
    if let Some((least, most)) = facts.storage.filter(|(least, most)| storage < *least || storage > *most) {
        verdict.fail(format!("{what} takes {least} to {most} GiB, not {storage}"), "change `database.storage`");
    }
    verdict.or_ok(format!("{what}, gp3, Multi-AZ"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;
    use crate::spec::testing::malmo;
    use aws_sdk_rds::types::AvailabilityZone;

    fn option(storage: &str, zones: &[&str]) -> OrderableDbInstanceOption {
        let zones = zones.iter().map(|zone| AvailabilityZone::builder().name(*zone).build()).collect();
        OrderableDbInstanceOption::builder()
            .storage_type(storage)
            .set_availability_zones(Some(zones))
            .multi_az_capable(true)
            .min_storage_size(20)
            .max_storage_size(65_536)
            .build()
    }

    fn level(options: &[OrderableDbInstanceOption]) -> Level {
        judge(&facts(options), &malmo().spec).worst()
    }

    #[test]
    fn a_class_must_be_sold_on_gp3_in_two_of_the_zones() {
        let both = ["eu-north-1a", "eu-north-1b", "eu-north-1c"];
        assert_eq!(level(&[option("gp2", &both), option("gp3", &both)]), Level::Ok);
        assert_eq!(level(&[]), Level::Fail);
        assert_eq!(level(&[option("gp2", &both)]), Level::Fail);
        assert_eq!(level(&[option("gp3", &["eu-north-1a", "eu-north-1c"])]), Level::Fail);
    }

    #[test]
    fn storage_has_its_limits_and_two_zones_are_not_always_sold() {
        let both = ["eu-north-1a", "eu-north-1b"];
        let small = Facts { storage: Some((20, 40)), ..facts(&[option("gp3", &both)]) };
        assert_eq!(judge(&small, &malmo().spec).worst(), Level::Fail);
        let single = Facts { multi_az: false, ..facts(&[option("gp3", &both)]) };
        assert_eq!(judge(&single, &malmo().spec).worst(), Level::Fail);
    }
}
