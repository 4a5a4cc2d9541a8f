//! `ec2:security-group`: what may reach, and be reached by, whatever bears it. Its rules are resources of their own, so that groups
//! that name each other are no cycle.

use super::rule::{self, Rule};
use super::{answer, interfaces, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, Input};
use aws_sdk_ec2::types::ResourceType;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A security group.
pub struct SecurityGroup;

/// What the city wants of a security group.
#[derive(Debug, Serialize, Deserialize)]
pub struct SecurityGroupProps {
    /// The VPC's id.
    pub vpc: Input,
    /// Its name, unique in the VPC.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Rules that `migrate` didn't make, as text: the one that EC2 gives every new group (everything may go out), and what somebody
    /// added or changed by hand. The city always wants none.
    pub foreign_rules: BTreeSet<String>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct SecurityGroupOutputs {
    /// `sg-…`.
    pub id: String,
}

impl Resource for SecurityGroup {
    const INFO: KindInfo = KindInfo {
        immutable: &["vpc", "name", "description"],
        serves: true,
        ..KindInfo::new("ec2:security-group", Identity::Taken(&["vpc", "name"]))
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = SecurityGroupProps;
    type Outputs = SecurityGroupOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let groups = survey.security_groups().await?;
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        let Some(group) = tag::find(&groups, |g| g.group_id(), |g| g.tags(), recorded, sought.address.as_str()) else {
            return Ok(None);
        };
        let props = SecurityGroupProps {
            vpc: group.vpc_id().unwrap_or_default().into(),
            name: group.group_name().unwrap_or_default().into(),
            description: group.description().unwrap_or_default().into(),
            foreign_rules: rule::foreign(group, survey.census.as_ref()),
        };
        Ok(Some(Found::ready(props, SecurityGroupOutputs { id: group.group_id().unwrap_or_default().into() })))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &SecurityGroupProps) -> CloudResult<SecurityGroupOutputs> {
        let made = aws
            .ec2
            .create_security_group()
            .vpc_id(props.vpc.known()?)
            .group_name(&props.name)
            .description(&props.description)
            .tag_specifications(tag::specification(aws, making, ResourceType::SecurityGroup))
            .send()
            .await
            .map_err(call("ec2:CreateSecurityGroup"))?;
        let id = answer::id(made.group_id(), "CreateSecurityGroup")?;
        // Should this one call fail: the group shows the rule as foreign, and an update takes it out.
        rule::revoke(aws, &id, [Rule::default_egress()], false).await?;
        Ok(SecurityGroupOutputs { id })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: SecurityGroupOutputs,
        old: &SecurityGroupProps,
        _: &SecurityGroupProps,
    ) -> CloudResult<SecurityGroupOutputs> {
        if let Some(group) = rule::group(aws, &outputs.id).await? {
            rule::revoke_shown(aws, &group, &old.foreign_rules).await?;
        }
        Ok(outputs)
    }

    async fn delete(
        aws: &Aws,
        _: Making<'_>,
        outputs: &SecurityGroupOutputs,
        _: &SecurityGroupProps,
    ) -> CloudResult<()> {
        let deleted = aws.ec2.delete_security_group().group_id(&outputs.id).send().await;
        let deleted = deleted.map(drop).map_err(call("ec2:DeleteSecurityGroup"));
        interfaces::clear_on_dependency(aws, deleted, "group-id", &outputs.id).await
    }
}
