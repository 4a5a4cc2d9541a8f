//! `ecs:service`: tasks of one task definition, kept running behind the load balancer.

use super::rollout;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_ecs::types::{
    AvailabilityZoneRebalancing, CapacityProviderStrategyItem, DeploymentCircuitBreaker, DeploymentConfiguration,
    LoadBalancer, PlacementStrategy, PlacementStrategyType, PropagateTags, Service as AwsService, Tag,
};
use serde::{Deserialize, Serialize};

/// A service.
pub struct Service;

/// What the city wants of a service.
#[derive(Debug, Serialize, Deserialize)]
pub struct ServiceProps {
    /// Name within the cluster.
    pub name: String,
    /// The cluster's ARN.
    pub cluster: Input,
    /// The ARN of the task definition's revision.
    pub task_definition: Input,
    /// The name of the capacity provider.
    pub capacity_provider: Input,
    /// The ARN of the target group that its tasks are registered with.
    pub target_group: Input,
    /// The container in the task that answers.
    pub container: String,
    /// The port that it listens on.
    pub port: i32,
    /// Seconds after a task's start in which the load balancer's checks don't count.
    pub grace: i32,
    /// How many tasks it begins with. Never read: from then on scaling decides.
    pub initial: Option<i32>,
    /// What a deployment does.
    pub deployment: DeploymentProps,
    /// Where tasks are put, first rule first, as `type:field`.
    pub placement: Vec<String>,
    /// Whether ECS moves tasks when the zones are out of balance; `None` where the API doesn't tell.
    pub rebalance: Option<bool>,
}

/// What a deployment does.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentProps {
    /// The least tasks during a deployment, in percent of the desired ones.
    pub min_percent: i32,
    /// The most tasks during a deployment, in percent of the desired ones.
    pub max_percent: i32,
    /// Whether a deployment whose tasks don't come up is stopped and rolled back.
    pub circuit_breaker: bool,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct ServiceOutputs {
    /// ARN.
    pub arn: String,
    /// Name within the cluster.
    pub name: String,
}

fn deployment(props: &DeploymentProps) -> DeploymentConfiguration {
    let on = props.circuit_breaker;
    DeploymentConfiguration::builder()
        .minimum_healthy_percent(props.min_percent)
        .maximum_percent(props.max_percent)
        .deployment_circuit_breaker(DeploymentCircuitBreaker::builder().enable(on).rollback(on).build())
        .build()
}

fn strategy(props: &ServiceProps) -> CloudResult<CapacityProviderStrategyItem> {
    let item = CapacityProviderStrategyItem::builder().capacity_provider(props.capacity_provider.known()?).weight(1);
    item.build().map_err(|error| CloudError::internal(error.to_string()))
}

fn load_balancer(props: &ServiceProps) -> CloudResult<LoadBalancer> {
    let group = props.target_group.known()?;
    Ok(LoadBalancer::builder()
        .target_group_arn(group)
        .container_name(&props.container)
        .container_port(props.port)
        .build())
}

fn placement(props: &ServiceProps) -> Vec<PlacementStrategy> {
    let rule = |text: &String| {
        let (kind, field) = text.split_once(':').unwrap_or((text, ""));
        PlacementStrategy::builder().r#type(PlacementStrategyType::from(kind)).field(field).build()
    };
    props.placement.iter().map(rule).collect()
}

fn rebalancing(props: &ServiceProps) -> Option<AvailabilityZoneRebalancing> {
    let choice = |on| if on { AvailabilityZoneRebalancing::Enabled } else { AvailabilityZoneRebalancing::Disabled };
    props.rebalance.map(choice)
}

fn observe(service: &AwsService) -> ServiceProps {
    let balancer = service.load_balancers().first();
    let provider = service.capacity_provider_strategy().first().map(|item| item.capacity_provider());
    let deployment = service.deployment_configuration();
    let breaker = deployment.and_then(|d| d.deployment_circuit_breaker());
    let rule = |rule: &PlacementStrategy| {
        format!("{}:{}", rule.r#type().map_or("", |kind| kind.as_str()), rule.field().unwrap_or_default())
    };
    ServiceProps {
        name: service.service_name().unwrap_or_default().into(),
        cluster: service.cluster_arn().unwrap_or_default().into(),
        task_definition: service.task_definition().unwrap_or_default().into(),
        capacity_provider: provider.unwrap_or_default().into(),
        target_group: balancer.and_then(|b| b.target_group_arn()).unwrap_or_default().into(),
        container: balancer.and_then(|b| b.container_name()).unwrap_or_default().into(),
        port: balancer.and_then(|b| b.container_port()).unwrap_or_default(),
        grace: service.health_check_grace_period_seconds().unwrap_or_default(),
        initial: None,
        deployment: DeploymentProps {
            min_percent: deployment.and_then(|d| d.minimum_healthy_percent()).unwrap_or_default(),
            max_percent: deployment.and_then(|d| d.maximum_percent()).unwrap_or_default(),
            circuit_breaker: breaker.is_some_and(|b| b.enable() && b.rollback()),
        },
        placement: service.placement_strategy().iter().map(rule).collect(),
        rebalance: service.availability_zone_rebalancing().map(|on| *on == AvailabilityZoneRebalancing::Enabled),
    }
}

impl Resource for Service {
    const INFO: KindInfo = KindInfo {
        immutable: &["name", "cluster"],
        settles: true,
        vanishes: true,
        create: Latency::estimated(60, 150, 600),
        update: Latency::estimated(60, 196, 600),
        delete: Latency::estimated(30, 60, 180), // the targets' deregistration delay, then the containers' stop
        serves: true,
        ..KindInfo::new("ecs:service", Identity::Token)
    };
    type Props = ServiceProps;
    type Outputs = ServiceOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let Some(cluster) = sought.props.cluster.get() else {
            return Ok(None);
        };
        let services = survey.services(cluster, &sought.props.name).await?;
        let found = services.iter().find(|one| {
            // ECS remembers a deleted service for a while as INACTIVE.
            one.service_name() == Some(&sought.props.name) && one.status() != Some("INACTIVE")
        });
        Ok(found.map(|service| {
            let outputs = ServiceOutputs {
                arn: service.service_arn().unwrap_or_default().into(),
                name: sought.props.name.clone(),
            };
            let wanted = sought.props.task_definition.get().map(String::as_str);
            Found { props: observe(service), outputs, readiness: rollout::readiness(service, wanted) }
        }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &ServiceProps) -> CloudResult<ServiceOutputs> {
        let tags = tags::of(aws, making).into_iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
        let made = aws
            .ecs
            .create_service()
            .cluster(props.cluster.known()?)
            .service_name(&props.name)
            .client_token(making.token)
            .task_definition(props.task_definition.known()?)
            .set_desired_count(props.initial)
            .capacity_provider_strategy(strategy(props)?)
            .load_balancers(load_balancer(props)?)
            .health_check_grace_period_seconds(props.grace)
            .deployment_configuration(deployment(&props.deployment))
            .set_placement_strategy(Some(placement(props)))
            .set_availability_zone_rebalancing(rebalancing(props))
            .enable_ecs_managed_tags(true)
            .propagate_tags(PropagateTags::Service)
            .set_tags(Some(tags))
            .send()
            .await
            .map_err(call("ecs:CreateService"))?;
        let arn = made.service.and_then(|service| service.service_arn);
        let arn = arn.ok_or_else(|| CloudError::internal("CreateService answered without an ARN"))?;
        Ok(ServiceOutputs { arn, name: props.name.clone() })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: ServiceOutputs,
        old: &ServiceProps,
        new: &ServiceProps,
    ) -> CloudResult<ServiceOutputs> {
        let moves = old.capacity_provider != new.capacity_provider;
        let mut request = aws.ecs.update_service();
        if moves {
            request = request.capacity_provider_strategy(strategy(new)?);
        }
        request
            .cluster(new.cluster.known()?)
            .service(&new.name)
            .task_definition(new.task_definition.known()?)
            .load_balancers(load_balancer(new)?)
            .health_check_grace_period_seconds(new.grace)
            .deployment_configuration(deployment(&new.deployment))
            .set_placement_strategy(Some(placement(new)))
            .set_availability_zone_rebalancing(rebalancing(new))
            // Another capacity provider is taken only with a new deployment (D).
            .force_new_deployment(moves)
            .send()
            .await
            .map_err(call("ecs:UpdateService"))?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &ServiceOutputs, props: &ServiceProps) -> CloudResult<()> {
        let request = aws.ecs.delete_service().cluster(props.cluster.known()?).service(&outputs.name);
        // Force: without it a service must be scaled down to no tasks first.
        request.force(true).send().await.map_err(call("ecs:DeleteService"))?;
        Ok(())
    }
}
