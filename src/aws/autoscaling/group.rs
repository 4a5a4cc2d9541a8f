//! `autoscaling:group`: the instances that the containers run on.

use super::survey::template;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_autoscaling::types::{
    AutoScalingGroup, InstancesDistribution, LaunchTemplate, LaunchTemplateOverrides, LaunchTemplateSpecification,
    LifecycleState, MixedInstancesPolicy, RefreshPreferences, ScaleInProtectedInstances, Tag, TagDescription,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An Auto Scaling group.
pub struct Group;

/// What the city wants of its instances. How many there are between `min` and `max` is ECS's business.
#[derive(Debug, Serialize, Deserialize)]
pub struct GroupProps {
    /// Its name, `<city>-…`.
    pub name: String,
    /// The launch template's id.
    pub template: Input,
    /// The launch template's version.
    pub template_version: Input,
    /// Instance types, the preferred one first: where AWS has none of it left, the next one is taken.
    pub instance_types: Vec<String>,
    /// Ids of the subnets that it spreads over.
    pub subnets: BTreeSet<Input>,
    /// The fewest instances.
    pub min: i32,
    /// The most instances.
    pub max: i32,
    /// Seconds until a new instance counts.
    pub warmup: i32,
    /// Seconds that a new instance may take to be healthy.
    pub grace: i32,
    /// Whether new instances are kept from being scaled in until ECS says that they may go.
    pub protected: bool,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct GroupOutputs {
    /// `arn:aws:autoscaling:…`.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Resource for Group {
    const INFO: KindInfo = KindInfo {
        immutable: &["name"],
        settles: true,
        vanishes: true,
        create: Latency::measured(16, 60, 180), // facts: the group 16; an instance in service before it joins ECS at 41
        update: Latency::estimated(1, 5, 180),
        delete: Latency::estimated(30, 90, 300), // its instances are terminated
        serves: true,
        ..KindInfo::new("autoscaling:group", Identity::Same(&["name"]))
    };
    const FOUND_BY: Option<&'static str> = Some("name");
    type Props = GroupProps;
    type Outputs = GroupOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let groups = survey.auto_scaling_groups().await?;
        let name = sought.recorded.map_or(&sought.props.name, |outputs| &outputs.name);
        let Some(group) = groups.iter().find(|group| group.auto_scaling_group_name() == Some(name)) else {
            return Ok(None);
        };
        Ok(Some(Found { props: props(group), outputs: outputs(group), readiness: readiness(group) }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &GroupProps) -> CloudResult<GroupOutputs> {
        let made = aws
            .autoscaling
            .create_auto_scaling_group()
            .auto_scaling_group_name(&props.name)
            .mixed_instances_policy(policy(props)?)
            .vpc_zone_identifier(subnets(props)?)
            .min_size(props.min)
            .max_size(props.max)
            .default_instance_warmup(props.warmup)
            .health_check_type("EC2")
            .health_check_grace_period(props.grace)
            .new_instances_protected_from_scale_in(props.protected)
            .set_tags(Some(instance_tags(aws, making, &props.name)))
            .send()
            .await
            .map_err(call("autoscaling:CreateAutoScalingGroup"));
        match made {
            Ok(_) => {}
            Err(error) if error.class == ErrorClass::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        // The answer has no ARN.
        let request = aws.autoscaling.describe_auto_scaling_groups().auto_scaling_group_names(&props.name);
        let answer = request.send().await.map_err(call("autoscaling:DescribeAutoScalingGroups"))?;
        let group = answer.auto_scaling_groups().first().ok_or_else(|| CloudError {
            class: ErrorClass::Propagating,
            call: "autoscaling:DescribeAutoScalingGroups".into(),
            code: String::new(),
            message: format!("{} isn't shown yet", props.name),
        })?;
        tags::ours(aws, "autoscaling:CreateAutoScalingGroup", &props.name, city(group.tags()))?;
        Ok(outputs(group))
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: GroupOutputs,
        old: &GroupProps,
        new: &GroupProps,
    ) -> CloudResult<GroupOutputs> {
        aws.autoscaling
            .update_auto_scaling_group()
            .auto_scaling_group_name(&outputs.name)
            .mixed_instances_policy(policy(new)?)
            .vpc_zone_identifier(subnets(new)?)
            .min_size(new.min)
            .max_size(new.max)
            .default_instance_warmup(new.warmup)
            .health_check_grace_period(new.grace)
            .new_instances_protected_from_scale_in(new.protected)
            .send()
            .await
            .map_err(call("autoscaling:UpdateAutoScalingGroup"))?;
        if (&old.template, &old.template_version) != (&new.template, &new.template_version) {
            refresh(aws, &outputs.name, new.warmup).await?;
        }
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &GroupOutputs, _: &GroupProps) -> CloudResult<()> {
        let request = aws.autoscaling.delete_auto_scaling_group().auto_scaling_group_name(&outputs.name);
        // With its instances, protected ones too, and without waiting for lifecycle hooks.
        request.force_delete(true).send().await.map_err(call("autoscaling:DeleteAutoScalingGroup"))?;
        Ok(())
    }
}

/// Replaces the instances that were started from an older template: a new one comes up before an old one goes, and ECS moves its
/// tasks. Auto Scaling does it in the background.
async fn refresh(aws: &Aws, group: &str, warmup: i32) -> CloudResult<()> {
    let preferences = RefreshPreferences::builder()
        .min_healthy_percentage(100)
        .max_healthy_percentage(150)
        .instance_warmup(warmup)
        .scale_in_protected_instances(ScaleInProtectedInstances::Refresh)
        .skip_matching(true)
        .build();
    let request = aws.autoscaling.start_instance_refresh().auto_scaling_group_name(group).preferences(preferences);
    request.send().await.map_err(call("autoscaling:StartInstanceRefresh"))?;
    Ok(())
}

fn props(group: &AutoScalingGroup) -> GroupProps {
    let template = template(group);
    let overrides = group
        .mixed_instances_policy()
        .and_then(|policy| policy.launch_template())
        .map_or(&[][..], |template| template.overrides());
    let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',').map(str::trim);
    GroupProps {
        name: group.auto_scaling_group_name().unwrap_or_default().into(),
        template: template.and_then(|t| t.launch_template_id()).unwrap_or_default().into(),
        template_version: template.and_then(|t| t.version()).unwrap_or_default().into(),
        instance_types: overrides.iter().filter_map(|one| one.instance_type()).map(str::to_owned).collect(),
        subnets: subnets.filter(|id| !id.is_empty()).map(Input::from).collect(),
        min: group.min_size().unwrap_or(0),
        max: group.max_size().unwrap_or(0),
        warmup: group.default_instance_warmup().unwrap_or(0),
        grace: group.health_check_grace_period().unwrap_or(0),
        protected: group.new_instances_protected_from_scale_in().unwrap_or(false),
    }
}

fn outputs(group: &AutoScalingGroup) -> GroupOutputs {
    GroupOutputs {
        arn: group.auto_scaling_group_arn().unwrap_or_default().into(),
        name: group.auto_scaling_group_name().unwrap_or_default().into(),
    }
}

/// Ready with the fewest instances in service; Auto Scaling says nothing but `status` when it is being deleted.
fn readiness(group: &AutoScalingGroup) -> Readiness {
    if let Some(status) = group.status() {
        return Readiness::Pending(status.to_lowercase());
    }
    let min = usize::try_from(group.min_size().unwrap_or(0)).unwrap_or(0);
    let instances = group.instances().iter();
    let serving = instances.filter(|one| one.lifecycle_state() == Some(&LifecycleState::InService)).count();
    if serving >= min {
        return Readiness::Ready;
    }
    Readiness::Pending(format!("{serving} of {min} instances in service"))
}

fn policy(props: &GroupProps) -> CloudResult<MixedInstancesPolicy> {
    let template = LaunchTemplateSpecification::builder()
        .launch_template_id(props.template.known()?)
        .version(props.template_version.known()?)
        .build();
    let types = props.instance_types.iter().map(|one| LaunchTemplateOverrides::builder().instance_type(one).build());
    let template =
        LaunchTemplate::builder().launch_template_specification(template).set_overrides(Some(types.collect())).build();
    let on_demand = InstancesDistribution::builder()
        .on_demand_allocation_strategy("prioritized")
        .on_demand_percentage_above_base_capacity(100)
        .build();
    Ok(MixedInstancesPolicy::builder().launch_template(template).instances_distribution(on_demand).build())
}

fn subnets(props: &GroupProps) -> CloudResult<String> {
    let ids: CloudResult<Vec<_>> = props.subnets.iter().map(|subnet| subnet.known().cloned()).collect();
    Ok(ids?.join(","))
}

/// The city's tags, which its instances get too, and the one by which ECS knows a group that it may scale.
fn instance_tags(aws: &Aws, making: Making<'_>, group: &str) -> Vec<Tag> {
    let ecs = ("AmazonECSManaged".to_owned(), "true".to_owned());
    let all = tags::of(aws, making).into_iter().chain([ecs]);
    let tag = |(key, value)| {
        let tag = Tag::builder().resource_id(group).resource_type("auto-scaling-group").propagate_at_launch(true);
        tag.key(key).value(value).build()
    };
    all.map(tag).collect()
}

fn city(tags: &[TagDescription]) -> Option<&str> {
    tags.iter().find(|tag| tag.key() == Some(tags::CITY)).and_then(TagDescription::value)
}
