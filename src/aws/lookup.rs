//! What the city file names and AWS numbers: hosted zone, image digests, the network of today's servers. What was looked up before is kept,
//! so that a tag that somebody moved changes nothing by itself.

use super::ec2::servers;
use super::{Aws, call};
use crate::engine::{CloudError, CloudResult, ErrorClass};
use crate::phases::{LegacyNetwork, Lookups};
use crate::spec::form::ImageRef;
use crate::spec::{CitySpec, Instances};
use aws_sdk_ec2::types::VpcCidrBlockStateCode;
use aws_sdk_ecr::types::ImageIdentifier;
use futures_util::future::try_join_all;
use std::collections::BTreeSet;

/// Looks up what isn't in `recorded`.
pub async fn all(aws: &Aws, spec: &CitySpec, recorded: &Lookups) -> CloudResult<Lookups> {
    let name = spec.legacy.hosted_zone.as_str();
    let zone = async {
        if recorded.hosted_zone_name == name { Ok(recorded.hosted_zone.clone()) } else { hosted_zone(aws, name).await }
    };
    let images = try_join_all(spec.services.iter().map(|(_, service)| async {
        let pinned = match recorded.images.get(service.image.as_str()) {
            Some(pinned) => pinned.clone(),
            None => pin(aws, &service.image).await?,
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
    let (hosted_zone, images, legacy) = futures_util::future::try_join3(zone, images, legacy).await?;
    Ok(Lookups {
        hosted_zone,
        hosted_zone_name: name.to_owned(),
        images: images.into_iter().collect(),
        legacy,
        finished: recorded.finished,
    })
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
            Err(error("NoSuchHostedZone", format!("there is no public hosted zone {name} in account {}", aws.account)))
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
