//! `iam:role`: what a service or an instance may do.

use super::{policy, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_iam::types::{AttachedPolicy, RoleDetail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A role.
pub struct Role;

/// What the city wants of a role.
#[derive(Debug, Serialize, Deserialize)]
pub struct RoleProps {
    /// Its name, `<city>-…`.
    pub name: String,
    /// Who may assume it: a policy document.
    pub trust: Value,
    /// ARNs of the managed policies that are attached to it; no others are.
    pub managed: BTreeSet<Input>,
    /// Its own policies: documents by name; there are no others. References may stand anywhere in them.
    pub inline: BTreeMap<String, Value>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct RoleOutputs {
    /// `arn:aws:iam::…:role/…`.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Resource for Role {
    const INFO: KindInfo = KindInfo {
        immutable: &["name"],
        create: Latency::estimated(1, 3, 15), // a call for each policy; then it takes seconds to reach other services
        ..KindInfo::new("iam:role", Identity::Same(&["name"]))
    };
    const FOUND_BY: Option<&'static str> = Some("name");
    type Props = RoleProps;
    type Outputs = RoleOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let roles = survey.roles().await?;
        let name = sought.recorded.map_or(&sought.props.name, |outputs| &outputs.name);
        let Some(role) = roles.iter().find(|role| role.role_name() == Some(name)) else {
            return Ok(None);
        };
        if sought.recorded.is_none() {
            tags::ours(&survey.aws, "iam:GetAccountAuthorizationDetails", name, tag::city(role.tags()))?;
        }
        let outputs = RoleOutputs { arn: role.arn().unwrap_or_default().into(), name: name.clone() };
        Ok(Some(Found::ready(props(role)?, outputs)))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &RoleProps) -> CloudResult<RoleOutputs> {
        let made = aws
            .iam
            .create_role()
            .role_name(&props.name)
            .assume_role_policy_document(props.trust.to_string())
            .set_tags(Some(tag::all(aws, making)?))
            .send()
            .await
            .map_err(call("iam:CreateRole"));
        let role = match made {
            Ok(made) => made.role,
            Err(error) if error.class == ErrorClass::AlreadyExists => Some(adopt(aws, props).await?),
            Err(error) => return Err(error),
        };
        let role = role.ok_or_else(|| CloudError::internal("CreateRole answered without a role"))?;
        for arn in &props.managed {
            attach(aws, &props.name, arn.known()?).await?;
        }
        for (policy, document) in &props.inline {
            put(aws, &props.name, policy, document).await?;
        }
        Ok(RoleOutputs { arn: role.arn, name: role.role_name })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: RoleOutputs,
        old: &RoleProps,
        new: &RoleProps,
    ) -> CloudResult<RoleOutputs> {
        let name = &outputs.name;
        if old.trust != new.trust {
            set_trust(aws, name, &new.trust).await?;
        }
        for arn in new.managed.difference(&old.managed) {
            attach(aws, name, arn.known()?).await?;
        }
        for (policy, document) in
            new.inline.iter().filter(|(policy, document)| old.inline.get(*policy) != Some(document))
        {
            put(aws, name, policy, document).await?;
        }
        for arn in old.managed.difference(&new.managed) {
            detach(aws, name, arn.known()?).await?;
        }
        for policy in old.inline.keys().filter(|policy| !new.inline.contains_key(*policy)) {
            remove(aws, name, policy).await?;
        }
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &RoleOutputs, props: &RoleProps) -> CloudResult<()> {
        let name = &outputs.name;
        for arn in &props.managed {
            detach(aws, name, arn.known()?).await?;
        }
        for policy in props.inline.keys() {
            remove(aws, name, policy).await?;
        }
        aws.iam.delete_role().role_name(name).send().await.map_err(call("iam:DeleteRole"))?;
        Ok(())
    }
}

fn props(role: &RoleDetail) -> CloudResult<RoleProps> {
    let attached = role.attached_managed_policies().iter().filter_map(AttachedPolicy::policy_arn);
    let own = role.role_policy_list().iter().map(|own| {
        let document = policy::decode(own.policy_document().unwrap_or_default())?;
        Ok((own.policy_name().unwrap_or_default().to_owned(), document))
    });
    Ok(RoleProps {
        name: role.role_name().unwrap_or_default().into(),
        trust: policy::decode(role.assume_role_policy_document().unwrap_or_default())?,
        managed: attached.map(Input::from).collect(),
        inline: own.collect::<CloudResult<_>>()?,
    })
}

/// Takes a role of that name over, if it is the city's: the answer to an earlier create was lost.
async fn adopt(aws: &Aws, props: &RoleProps) -> CloudResult<aws_sdk_iam::types::Role> {
    let there = aws.iam.get_role().role_name(&props.name).send().await.map_err(call("iam:GetRole"))?;
    let role = there.role.ok_or_else(|| CloudError::internal("GetRole answered without a role"))?;
    tags::ours(aws, "iam:CreateRole", &props.name, tag::city(role.tags()))?;
    set_trust(aws, &props.name, &props.trust).await?;
    Ok(role)
}

async fn set_trust(aws: &Aws, role: &str, trust: &Value) -> CloudResult<()> {
    let request = aws.iam.update_assume_role_policy().role_name(role).policy_document(trust.to_string());
    request.send().await.map_err(call("iam:UpdateAssumeRolePolicy"))?;
    Ok(())
}

async fn attach(aws: &Aws, role: &str, arn: &str) -> CloudResult<()> {
    let request = aws.iam.attach_role_policy().role_name(role).policy_arn(arn);
    request.send().await.map_err(call("iam:AttachRolePolicy"))?;
    Ok(())
}

async fn detach(aws: &Aws, role: &str, arn: &str) -> CloudResult<()> {
    let request = aws.iam.detach_role_policy().role_name(role).policy_arn(arn);
    request.send().await.map_err(call("iam:DetachRolePolicy"))?;
    Ok(())
}

async fn put(aws: &Aws, role: &str, policy: &str, document: &Value) -> CloudResult<()> {
    let request = aws.iam.put_role_policy().role_name(role).policy_name(policy).policy_document(document.to_string());
    request.send().await.map_err(call("iam:PutRolePolicy"))?;
    Ok(())
}

async fn remove(aws: &Aws, role: &str, policy: &str) -> CloudResult<()> {
    let request = aws.iam.delete_role_policy().role_name(role).policy_name(policy);
    request.send().await.map_err(call("iam:DeleteRolePolicy"))?;
    Ok(())
}
