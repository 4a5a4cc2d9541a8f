//! `elb:load-balancer`: the city's internet-facing application load balancer.

use super::attributes::{changed, managed};
use super::survey::Attributes;
use super::{foreign, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, LoadBalancer as Balancer, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerStateEnum,
    LoadBalancerTypeEnum,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An application load balancer.
pub struct LoadBalancer;

/// What the city wants of its load balancer.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoadBalancerProps {
    /// Name, at most 32 characters.
    pub name: String,
    /// Ids of the public subnets, one in each zone.
    pub subnets: BTreeSet<Input>,
    /// Ids of its security groups.
    pub security_groups: BTreeSet<Input>,
    /// Attributes that are managed, by AWS's keys.
    pub attributes: Attributes,
    /// Listeners that `migrate` didn't make, as text. The city always wants none.
    #[serde(default)]
    pub foreign_listeners: BTreeSet<String>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoadBalancerOutputs {
    /// ARN.
    pub arn: String,
    /// The host name that aliases point at, lower case.
    #[serde(default)]
    pub dns_name: String,
    /// The Route 53 zone of that name.
    #[serde(default)]
    pub zone_id: String,
    /// `app/…/…`: what CloudWatch calls it.
    #[serde(default)]
    pub full_name: String,
}

/// The attribute that must be off before a delete.
const PROTECTION: &str = "deletion_protection.enabled";

fn outputs(balancer: &Balancer) -> LoadBalancerOutputs {
    let arn = balancer.load_balancer_arn().unwrap_or_default();
    LoadBalancerOutputs {
        arn: arn.into(),
        dns_name: balancer.dns_name().unwrap_or_default().to_lowercase(),
        zone_id: balancer.canonical_hosted_zone_id().unwrap_or_default().into(),
        full_name: arn.split_once(":loadbalancer/").map_or(String::new(), |(_, name)| name.into()),
    }
}

fn readiness(balancer: &Balancer) -> Readiness {
    let state = balancer.state();
    let reason = state.and_then(|s| s.reason()).unwrap_or("no reason given");
    match state.and_then(|s| s.code()) {
        Some(LoadBalancerStateEnum::Active) => Readiness::Ready,
        // Impaired: it serves, but couldn't get addresses in every subnet.
        Some(LoadBalancerStateEnum::ActiveImpaired | LoadBalancerStateEnum::Failed) => Readiness::Failed(reason.into()),
        Some(code) => Readiness::Pending(code.as_str().into()),
        None => Readiness::Pending("unknown".into()),
    }
}

fn known(inputs: &BTreeSet<Input>) -> CloudResult<Vec<String>> {
    inputs.iter().map(|input| input.known().cloned()).collect()
}

impl Resource for LoadBalancer {
    const INFO: KindInfo = KindInfo {
        immutable: &["name"],
        settles: true,
        vanishes: true,
        create: Latency::measured(135, 172, 190),
        delete: Latency::measured(1, 17, 60),
        serves: true,
        ..KindInfo::new("elb:load-balancer", Identity::Same(&["name"]))
    };
    const FOUND_BY: Option<&'static str> = Some("arn");
    type Props = LoadBalancerProps;
    type Outputs = LoadBalancerOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let found = survey.load_balancers(&sought.props.name).await?;
        let Some(balancer) = found.first() else {
            return Ok(None);
        };
        let arn = balancer.load_balancer_arn().unwrap_or_default();
        tag::must_be_ours(survey, arn, sought.recorded.map(|outputs| outputs.arn.as_str())).await?;
        let attributes = survey.load_balancer_attributes(arn).await?;
        let zones = balancer.availability_zones().iter();
        let props = LoadBalancerProps {
            name: balancer.load_balancer_name().unwrap_or_default().into(),
            subnets: zones.filter_map(|zone| zone.subnet_id()).map(Input::from).collect(),
            security_groups: balancer.security_groups().iter().cloned().map(Input::from).collect(),
            attributes: managed(&attributes, &sought.props.attributes),
            foreign_listeners: foreign::listeners(survey, arn).await?,
        };
        Ok(Some(Found { props, outputs: outputs(balancer), readiness: readiness(balancer) }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &LoadBalancerProps) -> CloudResult<LoadBalancerOutputs> {
        let made = aws
            .elb
            .create_load_balancer()
            .name(&props.name)
            .r#type(LoadBalancerTypeEnum::Application)
            .scheme(LoadBalancerSchemeEnum::InternetFacing)
            .ip_address_type(IpAddressType::Ipv4)
            .set_subnets(Some(known(&props.subnets)?))
            .set_security_groups(Some(known(&props.security_groups)?))
            .set_tags(Some(tag::of(aws, making)))
            .send()
            .await
            .map_err(call("elasticloadbalancing:CreateLoadBalancer"))?;
        let outputs = made
            .load_balancers()
            .first()
            .map(outputs)
            .ok_or_else(|| CloudError::internal("CreateLoadBalancer answered without a load balancer"))?;
        set_attributes(aws, &outputs.arn, &props.attributes).await?;
        Ok(outputs)
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: LoadBalancerOutputs,
        old: &LoadBalancerProps,
        new: &LoadBalancerProps,
    ) -> CloudResult<LoadBalancerOutputs> {
        if old.subnets != new.subnets {
            aws.elb
                .set_subnets()
                .load_balancer_arn(&outputs.arn)
                .set_subnets(Some(known(&new.subnets)?))
                .send()
                .await
                .map_err(call("elasticloadbalancing:SetSubnets"))?;
        }
        if old.security_groups != new.security_groups {
            aws.elb
                .set_security_groups()
                .load_balancer_arn(&outputs.arn)
                .set_security_groups(Some(known(&new.security_groups)?))
                .send()
                .await
                .map_err(call("elasticloadbalancing:SetSecurityGroups"))?;
        }
        set_attributes(aws, &outputs.arn, &changed(&old.attributes, &new.attributes)).await?;
        foreign::remove_listeners(aws, &outputs.arn, &old.foreign_listeners).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &LoadBalancerOutputs, _: &LoadBalancerProps) -> CloudResult<()> {
        set_attributes(aws, &outputs.arn, &[(PROTECTION.into(), "false".into())].into()).await?;
        let call_name = "elasticloadbalancing:DeleteLoadBalancer";
        aws.elb.delete_load_balancer().load_balancer_arn(&outputs.arn).send().await.map_err(call(call_name))?;
        Ok(())
    }
}

async fn set_attributes(aws: &Aws, arn: &str, attributes: &Attributes) -> CloudResult<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    let list = attributes.iter().map(|(k, v)| LoadBalancerAttribute::builder().key(k).value(v).build()).collect();
    aws.elb
        .modify_load_balancer_attributes()
        .load_balancer_arn(arn)
        .set_attributes(Some(list))
        .send()
        .await
        .map_err(call("elasticloadbalancing:ModifyLoadBalancerAttributes"))?;
    Ok(())
}
