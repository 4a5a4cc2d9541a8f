//! `ecs:capacity-provider`: lets ECS scale the instances to what the tasks need. It is ready once its cluster places tasks by it.

use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::cloud::Readiness;
use crate::engine::error::gone_is_fine;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_ecs::types::{
    self, AutoScalingGroupProvider, AutoScalingGroupProviderUpdate, CapacityProviderStatus,
    CapacityProviderStrategyItem, CapacityProviderUpdateStatus, Cluster, ManagedDraining, ManagedScaling,
    ManagedScalingStatus, ManagedTerminationProtection,
};
use serde::{Deserialize, Serialize};

/// A capacity provider.
pub struct CapacityProvider;

/// What the city wants of its capacity provider.
#[derive(Debug, Serialize, Deserialize)]
pub struct CapacityProviderProps {
    /// Its name; may not begin with `aws`, `ecs` or `fargate`.
    pub name: String,
    /// The name of the cluster that places its tasks by it and by nothing else; empty where it doesn't (yet).
    pub cluster: Input,
    /// ARN of the Auto Scaling group that it scales.
    pub group: Input,
    /// Percent of the instances that tasks shall fill; below 100 some stay free.
    pub target: i32,
    /// The most instances that are started at once.
    pub step: i32,
    /// Seconds until a new instance counts.
    pub warmup: i32,
    /// Whether instances with tasks on them are kept from being scaled in.
    pub termination_protection: bool,
    /// Whether tasks are moved away before an instance goes.
    pub draining: bool,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct CapacityProviderOutputs {
    /// Its name.
    pub name: String,
    /// `arn:aws:ecs:…:capacity-provider/…`.
    pub arn: String,
}

impl Resource for CapacityProvider {
    const INFO: KindInfo = KindInfo {
        immutable: &["name", "group"],
        settles: true,
        vanishes: true,
        create: Latency::estimated(5, 20, 60), // the cluster's attachment takes some seconds
        delete: Latency::estimated(5, 20, 120),
        serves: true,
        ..KindInfo::new("ecs:capacity-provider", Identity::Same(&["name"]))
    };
    const FOUND_BY: Option<&'static str> = Some("name");
    type Props = CapacityProviderProps;
    type Outputs = CapacityProviderOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let name = sought.recorded.map_or(&sought.props.name, |outputs| &outputs.name);
        // Both at once: a plan has few rounds.
        let cluster_name = sought.props.cluster.get().filter(|cluster| !cluster.is_empty());
        let (provider, cluster) = futures_util::future::join(survey.capacity_provider(name), async {
            match cluster_name {
                Some(cluster) => survey.cluster(cluster).await.map(Some),
                None => Ok(None),
            }
        })
        .await;
        let (provider, cluster) = (provider?, cluster?);
        let cluster = cluster.as_ref().and_then(|cluster| cluster.as_ref().as_ref());
        let Some(provider) = provider.as_ref() else {
            return Ok(None);
        };
        if sought.recorded.is_none() {
            tags::ours(&survey.aws, "ecs:DescribeCapacityProviders", name, tag::city(provider.tags()))?;
        }
        let props = props(provider, cluster);
        let outputs = outputs(provider);
        Ok(Some(Found { props, outputs, readiness: readiness(provider, cluster) }))
    }

    async fn create(
        aws: &Aws,
        making: Making<'_>,
        props: &CapacityProviderProps,
    ) -> CloudResult<CapacityProviderOutputs> {
        let group = AutoScalingGroupProvider::builder()
            .auto_scaling_group_arn(props.group.known()?)
            .managed_scaling(scaling(props))
            .managed_termination_protection(protection(props))
            .managed_draining(draining(props))
            .build()
            .map_err(|e| CloudError::internal(e.to_string()))?;
        let request = aws.ecs.create_capacity_provider().name(&props.name).auto_scaling_group_provider(group);
        let made = request.set_tags(Some(tag::all(aws, making))).send().await;
        let made = match made.map_err(call("ecs:CreateCapacityProvider")) {
            Ok(made) => made.capacity_provider,
            // ECS has no code of its own for it.
            Err(error) if error.message.contains("already exists") => Some(adopt(aws, &props.name).await?),
            Err(error) => return Err(error),
        };
        let made = made.ok_or_else(|| CloudError::internal("CreateCapacityProvider answered without one"))?;
        attach(aws, props.cluster.known()?, Some(&props.name)).await?;
        Ok(outputs(&made))
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: CapacityProviderOutputs,
        _: &CapacityProviderProps,
        new: &CapacityProviderProps,
    ) -> CloudResult<CapacityProviderOutputs> {
        let group = AutoScalingGroupProviderUpdate::builder()
            .managed_scaling(scaling(new))
            .managed_termination_protection(protection(new))
            .managed_draining(draining(new))
            .build();
        let request = aws.ecs.update_capacity_provider().name(&outputs.name).auto_scaling_group_provider(group);
        request.send().await.map_err(call("ecs:UpdateCapacityProvider"))?;
        attach(aws, new.cluster.known()?, Some(&outputs.name)).await?;
        Ok(outputs)
    }

    async fn delete(
        aws: &Aws,
        _: Making<'_>,
        outputs: &CapacityProviderOutputs,
        props: &CapacityProviderProps,
    ) -> CloudResult<()> {
        let cluster = props.cluster.known()?;
        if !cluster.is_empty() {
            gone_is_fine(attach(aws, cluster, None).await)?;
        }
        let request = aws.ecs.delete_capacity_provider().capacity_provider(&outputs.name);
        request.send().await.map_err(call("ecs:DeleteCapacityProvider"))?;
        Ok(())
    }
}

fn props(provider: &types::CapacityProvider, cluster: Option<&Cluster>) -> CapacityProviderProps {
    let name = provider.name().unwrap_or_default();
    let group = provider.auto_scaling_group_provider();
    let scaling = group.and_then(|group| group.managed_scaling());
    let scaling = scaling.filter(|scaling| scaling.status() == Some(&ManagedScalingStatus::Enabled));
    let places_by_it = |cluster: &&Cluster| {
        let strategy = cluster.default_capacity_provider_strategy();
        cluster.capacity_providers() == [name] && strategy.iter().map(|s| s.capacity_provider()).eq([name])
    };
    let cluster = cluster.filter(places_by_it).and_then(|cluster| cluster.cluster_name());
    CapacityProviderProps {
        name: name.into(),
        cluster: cluster.unwrap_or_default().into(),
        group: group.map_or("", |group| group.auto_scaling_group_arn()).into(),
        target: scaling.and_then(|s| s.target_capacity()).unwrap_or(0),
        step: scaling.and_then(|s| s.maximum_scaling_step_size()).unwrap_or(0),
        warmup: scaling.and_then(|s| s.instance_warmup_period()).unwrap_or(0),
        termination_protection: group.and_then(|group| group.managed_termination_protection())
            == Some(&ManagedTerminationProtection::Enabled),
        draining: group.and_then(|group| group.managed_draining()) == Some(&ManagedDraining::Enabled),
    }
}

fn outputs(provider: &types::CapacityProvider) -> CapacityProviderOutputs {
    CapacityProviderOutputs {
        name: provider.name().unwrap_or_default().into(),
        arn: provider.capacity_provider_arn().unwrap_or_default().into(),
    }
}

fn readiness(provider: &types::CapacityProvider, cluster: Option<&Cluster>) -> Readiness {
    let update = provider.update_status().map_or("", CapacityProviderUpdateStatus::as_str);
    if update.ends_with("_FAILED") {
        let reason = provider.update_status_reason().unwrap_or("ECS gives no reason");
        return Readiness::Failed(format!("{update}: {reason}"));
    }
    if update.ends_with("_IN_PROGRESS") {
        return Readiness::Pending(update.into());
    }
    match provider.status() {
        Some(CapacityProviderStatus::Active) => {}
        other => return Readiness::Pending(other.map_or("PROVISIONING", CapacityProviderStatus::as_str).into()),
    }
    match cluster.and_then(|cluster| cluster.attachments_status()) {
        Some("UPDATE_IN_PROGRESS") => Readiness::Pending("being attached to the cluster".into()),
        Some("UPDATE_FAILED") => Readiness::Failed("ECS failed to attach it to the cluster".into()),
        _ => Readiness::Ready,
    }
}

async fn adopt(aws: &Aws, name: &str) -> CloudResult<types::CapacityProvider> {
    let request = aws.ecs.describe_capacity_providers().capacity_providers(name);
    let answer = request.include(types::CapacityProviderField::Tags).send().await;
    let there = answer.map_err(call("ecs:DescribeCapacityProviders"))?.capacity_providers.unwrap_or_default();
    let there = there.into_iter().next().ok_or_else(|| CloudError::internal("DescribeCapacityProviders found none"))?;
    tags::ours(aws, "ecs:CreateCapacityProvider", name, tag::city(there.tags()))?;
    Ok(there)
}

/// Makes `provider` the one by which the cluster places tasks, or none.
async fn attach(aws: &Aws, cluster: &str, provider: Option<&str>) -> CloudResult<()> {
    let strategy =
        provider.map(|name| CapacityProviderStrategyItem::builder().capacity_provider(name).weight(1).build());
    let strategy = strategy.transpose().map_err(|e| CloudError::internal(e.to_string()))?;
    let request = aws
        .ecs
        .put_cluster_capacity_providers()
        .cluster(cluster)
        .set_capacity_providers(Some(provider.map(str::to_owned).into_iter().collect()))
        .set_default_capacity_provider_strategy(Some(strategy.into_iter().collect()));
    request.send().await.map_err(call("ecs:PutClusterCapacityProviders"))?;
    Ok(())
}

fn scaling(props: &CapacityProviderProps) -> ManagedScaling {
    ManagedScaling::builder()
        .status(ManagedScalingStatus::Enabled)
        .target_capacity(props.target)
        .minimum_scaling_step_size(1)
        .maximum_scaling_step_size(props.step)
        .instance_warmup_period(props.warmup)
        .build()
}

fn protection(props: &CapacityProviderProps) -> ManagedTerminationProtection {
    if props.termination_protection {
        ManagedTerminationProtection::Enabled
    } else {
        ManagedTerminationProtection::Disabled
    }
}

fn draining(props: &CapacityProviderProps) -> ManagedDraining {
    if props.draining { ManagedDraining::Enabled } else { ManagedDraining::Disabled }
}
