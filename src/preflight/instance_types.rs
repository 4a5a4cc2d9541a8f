//! Whether the city's zones have its instance types.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::call;
use crate::engine::CloudResult;
use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, LocationType};
use std::collections::BTreeSet;

/// The check.
pub struct InstanceTypes;

#[async_trait]
impl Check for InstanceTypes {
    fn name(&self) -> &'static str {
        "instance-types"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        ["autoscaling:group", "ec2:subnet", "ec2:launch-template"].iter().any(|kind| subject.makes(kind))
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let spec = &subject.city.spec;
        let types: Vec<String> = spec.capacity.instances.iter().map(ToString::to_string).collect();
        let wanted = Filter::builder().name("instance-type").set_values(Some(types.clone())).build();
        let ask = subject.aws.ec2.describe_instance_type_offerings().location_type(LocationType::AvailabilityZone);
        let answer = ask.filters(wanted).send().await.map_err(call("ec2:DescribeInstanceTypeOfferings"))?;
        let offered = answer.instance_type_offerings().iter();
        let offered =
            offered.filter_map(|o| Some((o.location()?.to_owned(), o.instance_type()?.as_str().to_owned()))).collect();
        Ok(judge(&spec.zone_names(), &types, &offered))
    }
}

fn judge(zones: &[String], types: &[String], offered: &BTreeSet<(String, String)>) -> Verdict {
    let mut verdict = Verdict::default();
    for zone in zones {
        let (there, missing): (Vec<_>, Vec<_>) =
            types.iter().partition(|name| offered.contains(&(zone.clone(), (*name).clone())));
        let missing: Vec<&str> = missing.into_iter().map(String::as_str).collect();
        if there.is_empty() {
            verdict.fail(
                format!("{zone} offers none of {}", types.join(", ")),
                "choose other zones in `network.zones`, or add a type to `capacity.instances`",
            );
        } else if !missing.is_empty() {
            verdict.warn(
                format!("{zone} doesn't offer {}", missing.join(", ")),
                "nothing, if the other types are enough there; or choose another in `capacity.instances`",
            );
        }
    }
    verdict.or_ok(format!("{} in {}", types.join(", "), zones.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    #[test]
    fn a_zone_without_any_of_the_types_fails_and_one_with_some_is_told() {
        let text = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let (zones, types) = (text(&["eu-a", "eu-b"]), text(&["t3.small", "t3a.small"]));
        let mut offered: BTreeSet<_> =
            zones.iter().flat_map(|zone| types.iter().map(|name| (zone.clone(), name.clone()))).collect();
        assert_eq!(judge(&zones, &types, &offered).worst(), Level::Ok);
        offered.remove(&("eu-b".to_owned(), "t3a.small".to_owned()));
        assert_eq!(judge(&zones, &types, &offered).worst(), Level::Warn);
        offered.remove(&("eu-b".to_owned(), "t3.small".to_owned()));
        assert_eq!(judge(&zones, &types, &offered).worst(), Level::Fail);
    }
}
