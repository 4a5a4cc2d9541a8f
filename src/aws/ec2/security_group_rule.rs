//! `ec2:security-group-rule`: one thing that a group lets pass. It has no other identity than what it says.

use super::rule::{self, Direction, Rule};
use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, ErrorClass, Input};
use aws_sdk_ec2::types::ResourceType;
use serde::{Deserialize, Serialize};

/// A rule of a security group.
pub struct SecurityGroupRule;

/// What the city wants to let pass.
#[derive(Debug, Serialize, Deserialize)]
pub struct SecurityGroupRuleProps {
    /// The id of the group whose rule it is.
    pub group: Input,
    /// Which way the traffic goes.
    pub direction: Direction,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The first port.
    pub from_port: u16,
    /// The last port.
    pub to_port: u16,
    /// The other side: an IPv4 block or a security group's id.
    pub peer: Input,
}

/// Nothing: the properties are the identity.
#[derive(Debug, Serialize, Deserialize)]
pub struct SecurityGroupRuleOutputs {}

impl SecurityGroupRuleProps {
    /// As far as it is known yet.
    pub fn rule(&self) -> Option<Rule> {
        Some(self.with(self.peer.get()?))
    }

    fn with(&self, peer: &str) -> Rule {
        let ports = Some((i32::from(self.from_port), i32::from(self.to_port)));
        Rule { direction: self.direction, protocol: self.protocol.clone(), ports, peer: peer.into() }
    }
}

impl Resource for SecurityGroupRule {
    const INFO: KindInfo = KindInfo {
        immutable: &["group", "direction", "protocol", "from_port", "to_port", "peer"],
        ..KindInfo::new(
            "ec2:security-group-rule",
            Identity::Same(&["group", "direction", "protocol", "from_port", "to_port", "peer"]),
        )
    };
    type Props = SecurityGroupRuleProps;
    type Outputs = SecurityGroupRuleOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let (Some(group), Some(rule)) = (sought.props.group.get(), sought.props.rule()) else {
            return Ok(None);
        };
        let groups = survey.security_groups().await?;
        // One that lost its description counts as gone: its group shows it as foreign and takes it out, and here it is made anew.
        let there = groups.iter().any(|g| g.group_id() == Some(group) && rule::of(g).contains(&(rule.clone(), true)));
        Ok(there.then(|| {
            let props = SecurityGroupRuleProps {
                group: sought.props.group.clone(),
                peer: sought.props.peer.clone(),
                protocol: rule.protocol,
                ..*sought.props
            };
            Found::ready(props, SecurityGroupRuleOutputs {})
        }))
    }

    async fn create(
        aws: &Aws,
        making: Making<'_>,
        props: &SecurityGroupRuleProps,
    ) -> CloudResult<SecurityGroupRuleOutputs> {
        let group = props.group.known()?;
        let rule = props.with(props.peer.known()?);
        let permission = rule.permission(Some(rule.mark()));
        let tags = tag::specification(aws, making, ResourceType::SecurityGroupRule);
        let made = match props.direction {
            Direction::Ingress => {
                let request = aws.ec2.authorize_security_group_ingress().group_id(group);
                let request = request.ip_permissions(permission.clone()).tag_specifications(tags);
                request.send().await.map(drop).map_err(call("ec2:AuthorizeSecurityGroupIngress"))
            }
            Direction::Egress => {
                let request = aws.ec2.authorize_security_group_egress().group_id(group);
                let request = request.ip_permissions(permission.clone()).tag_specifications(tags);
                request.send().await.map(drop).map_err(call("ec2:AuthorizeSecurityGroupEgress"))
            }
        };
        match made {
            // The same rule is there: ours, if an answer was lost, or somebody's, whose description is put right.
            Err(error) if error.class == ErrorClass::AlreadyExists => match props.direction {
                Direction::Ingress => {
                    let request = aws.ec2.update_security_group_rule_descriptions_ingress().group_id(group);
                    let described = request.ip_permissions(permission).send().await;
                    described.map(drop).map_err(call("ec2:UpdateSecurityGroupRuleDescriptionsIngress"))?;
                }
                Direction::Egress => {
                    let request = aws.ec2.update_security_group_rule_descriptions_egress().group_id(group);
                    let described = request.ip_permissions(permission).send().await;
                    described.map(drop).map_err(call("ec2:UpdateSecurityGroupRuleDescriptionsEgress"))?;
                }
            },
            other => other?,
        }
        Ok(SecurityGroupRuleOutputs {})
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        outputs: SecurityGroupRuleOutputs,
        _: &SecurityGroupRuleProps,
        _: &SecurityGroupRuleProps,
    ) -> CloudResult<SecurityGroupRuleOutputs> {
        Ok(outputs)
    }

    async fn delete(
        aws: &Aws,
        _: Making<'_>,
        _: &SecurityGroupRuleOutputs,
        props: &SecurityGroupRuleProps,
    ) -> CloudResult<()> {
        rule::revoke(aws, props.group.known()?, [props.with(props.peer.known()?)], true).await
    }
}
