//! `ec2:launch-template`: how an instance of the city is made. A version never changes: an update makes a new one, and whoever
//! refers to the version moves on to it.

use super::{answer, tag, template_data};
use crate::aws::autoscaling::survey::template;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudResult, Input};
use aws_sdk_autoscaling::types::{AutoScalingGroup, LaunchTemplateSpecification};
use aws_sdk_ec2::types::ResourceType;
use serde::{Deserialize, Serialize};

/// A launch template.
pub struct LaunchTemplate;

/// Hops that an answer of the metadata service may take. One: it reaches the instance, and no container behind the bridge, whose
/// network is a hop further. Tasks don't need it: their own role's credentials come from the ECS agent on 169.254.170.2, which is
/// another service, and logs and image pulls are the instance's.
pub const METADATA_HOPS: i32 = 1;

/// What the city wants of its launch template.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LaunchTemplateProps {
    /// Its name, `<city>-…`.
    pub name: String,
    /// The image: an id, or `resolve:ssm:` and the parameter that holds it, looked up whenever an instance starts.
    pub image: String,
    /// The instance type, unless the Auto Scaling group names others.
    pub instance_type: String,
    /// The name of the instance profile.
    pub profile: Input,
    /// The id of the security group that its only network interface bears.
    pub security_group: Input,
    /// The size of the disk in GiB.
    pub disk_gib: u32,
    /// See [`METADATA_HOPS`]. Reads as 0 where the first version of the metadata service answers too.
    pub metadata_hops: i32,
    /// What runs at the first start, plain text: see [`super::user_data`].
    pub user_data: String,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct LaunchTemplateOutputs {
    /// `lt-…`.
    pub id: String,
    /// The number of the version that says what the city wants.
    pub version: String,
}

impl Resource for LaunchTemplate {
    const INFO: KindInfo = KindInfo {
        immutable: &["name"],
        // A version can't change, so what was recorded of it holds as long as it exists.
        unread: &["image", "instance_type", "profile", "security_group", "disk_gib", "metadata_hops", "user_data"],
        volatile: &["version"],
        create: Latency::measured(5, 5, 6),
        ..KindInfo::new("ec2:launch-template", Identity::Token)
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = LaunchTemplateProps;
    type Outputs = LaunchTemplateOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        if let Some(recorded) = sought.recorded.filter(|_| survey.proves())
            && used(&survey.auto_scaling_groups().await?, recorded)
        {
            let outputs = LaunchTemplateOutputs { id: recorded.id.clone(), version: recorded.version.clone() };
            return Ok(Some(Found::ready(sought.props.clone(), outputs)));
        }
        let version = match sought.recorded {
            Some(recorded) => survey.launch_template(&recorded.id, &recorded.version).await?,
            None => survey.launch_template(&sought.props.name, "$Latest").await?,
        };
        let Some(version) = version.as_ref() else {
            return Ok(None);
        };
        let outputs = LaunchTemplateOutputs {
            id: version.launch_template_id().unwrap_or_default().into(),
            version: version.version_number().unwrap_or_default().to_string(),
        };
        Ok(Some(Found::ready(template_data::props(version), outputs)))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &LaunchTemplateProps) -> CloudResult<LaunchTemplateOutputs> {
        let made = aws
            .ec2
            .create_launch_template()
            .client_token(making.token)
            .launch_template_name(&props.name)
            .launch_template_data(template_data::request(aws, making, props)?)
            .tag_specifications(tag::specification(aws, making, ResourceType::LaunchTemplate))
            .send()
            .await
            .map_err(call("ec2:CreateLaunchTemplate"))?;
        let template = made.launch_template();
        Ok(LaunchTemplateOutputs {
            id: answer::id(template.and_then(|t| t.launch_template_id()), "CreateLaunchTemplate")?,
            version: template.and_then(|t| t.latest_version_number()).unwrap_or(1).to_string(),
        })
    }

    async fn update(
        aws: &Aws,
        making: Making<'_>,
        outputs: LaunchTemplateOutputs,
        _: &LaunchTemplateProps,
        new: &LaunchTemplateProps,
    ) -> CloudResult<LaunchTemplateOutputs> {
        let made = aws
            .ec2
            .create_launch_template_version()
            .client_token(making.token)
            .launch_template_id(&outputs.id)
            .launch_template_data(template_data::request(aws, making, new)?)
            .send()
            .await
            .map_err(call("ec2:CreateLaunchTemplateVersion"))?;
        let number = made.launch_template_version().and_then(|v| v.version_number()).map(|n| n.to_string());
        Ok(LaunchTemplateOutputs { version: answer::id(number.as_deref(), "CreateLaunchTemplateVersion")?, ..outputs })
    }

    async fn delete(
        aws: &Aws,
        _: Making<'_>,
        outputs: &LaunchTemplateOutputs,
        _: &LaunchTemplateProps,
    ) -> CloudResult<()> {
        let deleted = aws.ec2.delete_launch_template().launch_template_id(&outputs.id).send().await;
        deleted.map(drop).map_err(call("ec2:DeleteLaunchTemplate"))
    }
}

/// Whether one of the groups starts its instances from the version: then it is there, as it was made.
fn used(groups: &[AutoScalingGroup], recorded: &LaunchTemplateOutputs) -> bool {
    let uses = |used: &LaunchTemplateSpecification| {
        used.launch_template_id() == Some(&recorded.id) && used.version() == Some(&recorded.version)
    };
    groups.iter().filter(|group| group.status().is_none()).filter_map(template).any(uses)
}
