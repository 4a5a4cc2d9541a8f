//! `iam:instance-profile`: gives instances a role.

use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::error::gone_is_fine;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_iam::types;
use serde::{Deserialize, Serialize};

/// An instance profile.
pub struct InstanceProfile;

/// What the city wants of an instance profile.
#[derive(Debug, Serialize, Deserialize)]
pub struct InstanceProfileProps {
    /// Its name, `<city>-…`.
    pub name: String,
    /// The name of its role; empty where it has lost it.
    pub role: Input,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct InstanceProfileOutputs {
    /// `arn:aws:iam::…:instance-profile/…`.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Resource for InstanceProfile {
    const INFO: KindInfo = KindInfo {
        immutable: &["name"],
        create: Latency::estimated(1, 2, 15),
        ..KindInfo::new("iam:instance-profile", Identity::Same(&["name"]))
    };
    const FOUND_BY: Option<&'static str> = Some("name");
    type Props = InstanceProfileProps;
    type Outputs = InstanceProfileOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let name = sought.recorded.map_or(&sought.props.name, |outputs| &outputs.name);
        let roles = survey.roles().await?;
        let of_roles = roles.iter().flat_map(|role| role.instance_profile_list());
        let profile = match of_roles.into_iter().find(|profile| profile.instance_profile_name() == name) {
            Some(profile) => profile.clone(),
            // One without a role (its create or its delete was cut short) stands in no role's list.
            None => match get(&survey.aws, name).await {
                Ok(profile) => profile,
                Err(error) if error.is_not_found() => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        let role = profile.roles().first().map_or("", |role| role.role_name());
        let props = InstanceProfileProps { name: name.clone(), role: role.into() };
        Ok(Some(Found::ready(props, outputs(&profile))))
    }

    async fn create(
        aws: &Aws,
        making: Making<'_>,
        props: &InstanceProfileProps,
    ) -> CloudResult<InstanceProfileOutputs> {
        let made = aws
            .iam
            .create_instance_profile()
            .instance_profile_name(&props.name)
            .set_tags(Some(tag::all(aws, making)?))
            .send()
            .await
            .map_err(call("iam:CreateInstanceProfile"));
        let profile = match made {
            Ok(made) => made.instance_profile,
            Err(error) if error.class == ErrorClass::AlreadyExists => {
                let there = get(aws, &props.name).await?;
                tags::ours(aws, "iam:CreateInstanceProfile", &props.name, tag::city(there.tags()))?;
                Some(there)
            }
            Err(error) => return Err(error),
        };
        let profile = profile.ok_or_else(|| CloudError::internal("CreateInstanceProfile answered without one"))?;
        set_role(aws, &props.name, profile.roles().first().map(|role| role.role_name()), props.role.known()?).await?;
        Ok(outputs(&profile))
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: InstanceProfileOutputs,
        old: &InstanceProfileProps,
        new: &InstanceProfileProps,
    ) -> CloudResult<InstanceProfileOutputs> {
        let old = old.role.known()?.as_str();
        set_role(aws, &outputs.name, Some(old).filter(|role| !role.is_empty()), new.role.known()?).await?;
        Ok(outputs)
    }

    async fn delete(
        aws: &Aws,
        _: Making<'_>,
        outputs: &InstanceProfileOutputs,
        props: &InstanceProfileProps,
    ) -> CloudResult<()> {
        let role = props.role.known()?;
        if !role.is_empty() {
            gone_is_fine(remove_role(aws, &outputs.name, role).await)?;
        }
        aws.iam
            .delete_instance_profile()
            .instance_profile_name(&outputs.name)
            .send()
            .await
            .map_err(call("iam:DeleteInstanceProfile"))?;
        Ok(())
    }
}

fn outputs(profile: &types::InstanceProfile) -> InstanceProfileOutputs {
    InstanceProfileOutputs { arn: profile.arn().into(), name: profile.instance_profile_name().into() }
}

async fn get(aws: &Aws, name: &str) -> CloudResult<types::InstanceProfile> {
    let there = aws.iam.get_instance_profile().instance_profile_name(name).send().await;
    let profile = there.map_err(call("iam:GetInstanceProfile"))?.instance_profile;
    profile.ok_or_else(|| CloudError::internal("GetInstanceProfile answered without one"))
}

/// Makes `new` the profile's role, which now is `old`: a profile holds only one.
async fn set_role(aws: &Aws, profile: &str, old: Option<&str>, new: &str) -> CloudResult<()> {
    if old == Some(new) {
        return Ok(());
    }
    if let Some(old) = old {
        gone_is_fine(remove_role(aws, profile, old).await)?;
    }
    let add = aws.iam.add_role_to_instance_profile().instance_profile_name(profile).role_name(new).send();
    add.await.map_err(call("iam:AddRoleToInstanceProfile"))?;
    Ok(())
}

async fn remove_role(aws: &Aws, profile: &str, role: &str) -> CloudResult<()> {
    let remove = aws.iam.remove_role_from_instance_profile().instance_profile_name(profile).role_name(role).send();
    remove.await.map_err(call("iam:RemoveRoleFromInstanceProfile"))?;
    Ok(())
}
