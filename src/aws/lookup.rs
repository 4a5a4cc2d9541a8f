//! What the city file names and AWS numbers: hosted zone, image digests, the network of today's servers, the records that the zone has for
//! the city's names. What was looked up before is kept, so that a tag that somebody moved changes nothing by itself.

use super::ec2::servers;
use super::route53::pair::Pair;
use super::route53::records::{addresses, ttl};
use super::{Aws, call};
use crate::engine::{CloudError, CloudResult, ErrorClass};
use crate::phases::cutover::records_address;
use crate::phases::{LegacyNetwork, Lookups, ZoneRecord};
use crate::spec::form::ImageRef;
use crate::spec::{CitySpec, Instances};
use crate::state::State;
use aws_sdk_ec2::types::VpcCidrBlockStateCode;
use aws_sdk_ecr::types::ImageIdentifier;
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};

/// What was looked up before and still holds: the records of a name only where the city has made its own in their place. Until then the
/// zone is its owner's, who may change them.
pub fn kept(state: &State) -> Lookups {
    let mut kept = state.lookups.clone();
    kept.records.retain(|name, _| state.resources.contains_key(&records_address(name)));
    kept
}

/// What was looked up before, but for the hosted zone: for one that somebody has deleted and made again.
pub fn without_zone(recorded: &Lookups) -> Lookups {
    Lookups { hosted_zone: String::new(), hosted_zone_name: String::new(), ..recorded.clone() }
}

/// Whether a look failed because the zone that was looked up is gone.
pub fn zone_is_gone(error: &CloudError) -> bool {
    error.code == "NoSuchHostedZone" && error.class == ErrorClass::NotFound
}

/// Looks up what isn't in `recorded`.
pub async fn all(aws: &Aws, spec: &CitySpec, recorded: &Lookups) -> CloudResult<Lookups> {
    let name = spec.legacy.hosted_zone.as_str();
    let zone = async {
        let known = recorded.hosted_zone_name == name;
        let id = if known { recorded.hosted_zone.clone() } else { hosted_zone(aws, name).await? };
        let records = records(aws, spec, &id, recorded).await?;
        Ok((id, records))
    };
    let images = try_join_all(spec.services.iter().map(|(_, service)| async {
        let pinned = match recorded.images.get(service.image.as_str()) {
            Some(pinned) if pinned.contains("@sha256:") => pinned.clone(),
            _ => pin(aws, &service.image).await?,
        };
        Ok((service.image.as_str().to_owned(), pinned))
    }));
    let legacy = async {
        match recorded.finished {
            // They may be gone, and nothing leads there.
            true => Ok(recorded.legacy.clone()),
            false => legacy(aws, &spec.legacy.instances, &recorded.legacy).await,
        }
    };
    let ((hosted_zone, records), images, legacy) = futures_util::future::try_join3(zone, images, legacy).await?;
    Ok(Lookups {
        hosted_zone,
        hosted_zone_name: name.to_owned(),
        images: images.into_iter().collect(),
        legacy,
        records,
        finished: recorded.finished,
    })
}

/// What the zone has for each name; of a name that the city moves already what is recorded.
async fn records(
    aws: &Aws,
    spec: &CitySpec,
    zone: &str,
    recorded: &Lookups,
) -> CloudResult<BTreeMap<String, ZoneRecord>> {
    let all = try_join_all(spec.legacy.records.iter().map(|name| async move {
        let name = name.to_string();
        let found = match recorded.records.get(&name) {
            Some(found) => Some(found.clone()),
            None => before(&Pair::now(aws, zone, &name).await?),
        };
        Ok::<_, CloudError>(found.map(|found| (name, found)))
    }));
    Ok(all.await?.into_iter().flatten().collect())
}

/// The plain record that a name had before the city; `None` if it had none, or the move of the name is over.
fn before(pair: &Pair) -> Option<ZoneRecord> {
    let record = pair.legacy.as_ref().or(pair.simple.as_ref().filter(|record| record.alias_target().is_none()))?;
    Some(ZoneRecord { ttl: ttl(Some(record)), addresses: addresses(Some(record)) })
}

/// The VPC in which today's servers stand: nothing where they stand in several, or aren't there.
pub async fn legacy(aws: &Aws, instances: &Instances, recorded: &LegacyNetwork) -> CloudResult<LegacyNetwork> {
    let of = serde_json::to_string(instances).map_err(|error| CloudError::internal(error.to_string()))?;
    if recorded.of == of {
        return Ok(recorded.clone());
    }
    let found = servers::of(aws, instances).await?;
    let vpcs: BTreeSet<&str> = found.iter().filter_map(|server| server.vpc_id()).collect();
    let mut vpcs = vpcs.into_iter();
    let (Some(vpc), None) = (vpcs.next(), vpcs.next()) else { return Ok(LegacyNetwork::default()) };
    let answer = aws.ec2.describe_vpcs().vpc_ids(vpc).send().await.map_err(call("ec2:DescribeVpcs"))?;
    let sets = answer.vpcs().iter().flat_map(|vpc| vpc.cidr_block_association_set());
    let in_use = sets.filter(|set| {
        let state = set.cidr_block_state().and_then(|state| state.state());
        state.is_none_or(|state| *state == VpcCidrBlockStateCode::Associated)
    });
    let blocks = in_use.filter_map(|set| set.cidr_block()?.parse().ok()).collect();
    Ok(LegacyNetwork { of, vpc: vpc.into(), blocks })
}

/// The id of the public hosted zone of that name. Two of one name can't be told apart: the domain is delegated to one of them only.
async fn hosted_zone(aws: &Aws, name: &str) -> CloudResult<String> {
    const CALL: &str = "route53:ListHostedZonesByName";
    let answer = aws.route53.list_hosted_zones_by_name().dns_name(name).send().await.map_err(call(CALL))?;
    let public =
        |zone: &&aws_sdk_route53::types::HostedZone| !zone.config().is_some_and(|config| config.private_zone());
    let dotted = format!("{name}.");
    let found: Vec<_> = answer.hosted_zones().iter().filter(|zone| zone.name() == dotted).filter(public).collect();
    let error = |code: &str, message: String| CloudError {
        class: ErrorClass::Other,
        call: CALL.into(),
        code: code.into(),
        message,
    };
    match found[..] {
        [zone] => Ok(zone.id().trim_start_matches("/hostedzone/").to_owned()),
        [] => {
            let make = format!("aws route53 create-hosted-zone --name {name} --caller-reference \"$(date)\"");
            Err(error(
                "NoSuchHostedZone",
                format!(
                    "there is no public hosted zone {name} in account {}: correct `legacy.hosted_zone`, or, if it was deleted, make \
                     it again ({make}) with the city's names in it, and delegate the domain to it",
                    aws.account
                ),
            ))
        }
        _ => {
            let ids: Vec<_> = found.iter().map(|zone| zone.id()).collect();
            Err(error(
                "AmbiguousHostedZone",
                format!("there are {} hosted zones {name}: {}", ids.len(), ids.join(", ")),
            ))
        }
    }
}

/// The image by digest, whatever its tag comes to mean later.
async fn pin(aws: &Aws, image: &ImageRef) -> CloudResult<String> {
    const CALL: &str = "ecr:BatchGetImage";
    let parts = image.parts();
    let repository = format!("{}/{}", parts.registry, parts.repository);
    if let Some(digest) = parts.digest {
        return Ok(format!("{repository}@{digest}"));
    }
    let error = |code: &str, message: String| CloudError {
        class: ErrorClass::Other,
        call: CALL.into(),
        code: code.into(),
        message,
    };
    let (Some((registry, region)), Some(tag)) = (image.ecr(), parts.tag) else {
        return Err(error(
            "NotPinned",
            format!(
                "{} is not in a private ECR registry: name it by its digest, {repository}@sha256:…",
                image.as_str()
            ),
        ));
    };
    let elsewhere = aws_sdk_ecr::config::Builder::new().region(aws_sdk_ecr::config::Region::new(region.to_owned()));
    let answer = aws
        .ecr
        .batch_get_image()
        .registry_id(registry)
        .repository_name(parts.repository)
        .image_ids(ImageIdentifier::builder().image_tag(tag).build())
        .customize()
        .config_override(elsewhere)
        .send()
        .await
        .map_err(call(CALL));
    let found = match answer {
        Ok(answer) => answer.images.unwrap_or_default(),
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error),
    };
    let digest = found.iter().find_map(|found| found.image_id()?.image_digest());
    // An image that isn't there yet stays as it is written: the plan can be seen, and preflight keeps it from being carried out.
    Ok(digest.map_or_else(|| image.as_str().to_owned(), |digest| format!("{repository}@{digest}")))
}
