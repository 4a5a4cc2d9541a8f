//! `ec2:default-security-group`: the group that every VPC comes with, and that whatever names no group bears. The city takes it over
//! and strips it of its rules: forgetting to name a group then means no traffic, not all of it.

use super::{answer, list, rule, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A VPC's default security group.
pub struct DefaultSecurityGroup;

/// What the city wants of the default group.
#[derive(Debug, Serialize, Deserialize)]
pub struct DefaultSecurityGroupProps {
    /// The VPC's id.
    pub vpc: Input,
    /// Its rules as text. The city always wants none.
    pub rules: BTreeSet<String>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct DefaultSecurityGroupOutputs {
    /// `sg-…`.
    pub id: String,
}

impl Resource for DefaultSecurityGroup {
    const INFO: KindInfo =
        KindInfo { immutable: &["vpc"], ..KindInfo::new("ec2:default-security-group", Identity::Same(&["vpc"])) };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = DefaultSecurityGroupProps;
    type Outputs = DefaultSecurityGroupOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let groups = survey.security_groups().await?;
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        let Some(group) = tag::find(&groups, |g| g.group_id(), |g| g.tags(), recorded, sought.address.as_str()) else {
            return Ok(None);
        };
        let props = DefaultSecurityGroupProps {
            vpc: group.vpc_id().unwrap_or_default().into(),
            rules: rule::of(group).into_iter().map(|(rule, _)| rule.to_string()).collect(),
        };
        let outputs = DefaultSecurityGroupOutputs { id: group.group_id().unwrap_or_default().into() };
        Ok(Some(Found::ready(props, outputs)))
    }

    async fn create(
        aws: &Aws,
        making: Making<'_>,
        props: &DefaultSecurityGroupProps,
    ) -> CloudResult<DefaultSecurityGroupOutputs> {
        let of_vpc = list::filter("vpc-id", props.vpc.known()?);
        let named = list::filter("group-name", "default");
        let found = aws.ec2.describe_security_groups().filters(of_vpc).filters(named).send().await;
        let found = found.map_err(call("ec2:DescribeSecurityGroups"))?;
        let group = found.security_groups().first().ok_or_else(|| CloudError {
            // EC2 makes it with the VPC, and shows it a moment later.
            class: ErrorClass::Propagating,
            call: "ec2:DescribeSecurityGroups".into(),
            code: String::new(),
            message: "the VPC's default security group doesn't show yet".into(),
        })?;
        let id = answer::id(group.group_id(), "DescribeSecurityGroups")?;
        let tagged = aws.ec2.create_tags().resources(&id).set_tags(Some(tag::all(aws, making))).send().await;
        tagged.map_err(call("ec2:CreateTags"))?;
        rule::revoke(aws, &id, rule::of(group).into_iter().map(|(rule, _)| rule), false).await?;
        Ok(DefaultSecurityGroupOutputs { id })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: DefaultSecurityGroupOutputs,
        old: &DefaultSecurityGroupProps,
        _: &DefaultSecurityGroupProps,
    ) -> CloudResult<DefaultSecurityGroupOutputs> {
        if let Some(group) = rule::group(aws, &outputs.id).await? {
            rule::revoke_shown(aws, &group, &old.rules).await?;
        }
        Ok(outputs)
    }

    /// Nothing to do: it can't be deleted, and goes with its VPC.
    async fn delete(
        _: &Aws,
        _: Making<'_>,
        _: &DefaultSecurityGroupOutputs,
        _: &DefaultSecurityGroupProps,
    ) -> CloudResult<()> {
        Ok(())
    }
}
