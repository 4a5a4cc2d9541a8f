//! What the containers run on and how: cluster, roles, instances, and a task definition for each service.

use super::{Blueprint, names};
use crate::aws::Resource;
use crate::aws::autoscaling::group::{Group, GroupProps};
use crate::aws::ec2::launch_template::{LaunchTemplate, LaunchTemplateProps, METADATA_HOPS};
use crate::aws::ec2::user_data;
use crate::aws::ecs::capacity_provider::{CapacityProvider, CapacityProviderProps};
use crate::aws::ecs::cluster::{Cluster, ClusterProps};
use crate::aws::iam::instance_profile::{InstanceProfile, InstanceProfileProps};
use crate::aws::iam::policy::{trust, trust_on_behalf_of};
use crate::aws::iam::role::{Role, RoleProps};
use crate::aws::logs::group::{LogGroup, LogGroupProps};
use crate::engine::Desired;
use crate::engine::input::output;
use crate::spec::catalogue::{Architecture, instance};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Days that Container Insights' raw entries are kept: the metrics made of them last 15 months anyway.
const INSIGHTS_DAYS: i32 = 1;
/// Seconds from an instance's launch until it takes tasks (41 measured, up to 180 estimated).
const WARMUP: i32 = 120;

/// The resources of the phase.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let mut all = Vec::from(cluster(blueprint));
    all.extend(roles(blueprint));
    all.extend(capacity(blueprint));
    for (name, service) in blueprint.spec.services.iter() {
        all.extend(super::task::resources(blueprint, name, service));
    }
    all
}

fn cluster(blueprint: &Blueprint<'_>) -> [Desired; 2] {
    let name = names::cluster(blueprint.city);
    let insights =
        LogGroupProps { name: format!("/aws/ecs/containerinsights/{name}/performance"), retention_days: INSIGHTS_DAYS };
    // `enhanced` shows each task and container, and costs several times as much; the alarms need services only.
    let cluster = ClusterProps { name, insights: "enabled".into() };
    [
        LogGroup::at("ecs/log-group.container-insights", &insights),
        Cluster::at("ecs/cluster", &cluster).after(["ecs/log-group.container-insights"]),
    ]
}

fn roles(blueprint: &Blueprint<'_>) -> [Desired; 4] {
    let Blueprint { city, spec, .. } = *blueprint;
    let tasks = format!("arn:aws:ecs:{}:{}:*", spec.region, spec.account);
    let trust_tasks = || trust_on_behalf_of("ecs-tasks.amazonaws.com", spec.account.as_str(), &tasks);
    let managed = |names: &[&str]| {
        names.iter().map(|name| format!("arn:aws:iam::aws:policy/{name}").into()).collect::<BTreeSet<_>>()
    };
    let instance = RoleProps {
        name: format!("{city}-ecs-instance"),
        trust: trust("ec2.amazonaws.com"),
        // To join the cluster and pull images; and Session Manager, so that no port is open for SSH.
        managed: managed(&["service-role/AmazonEC2ContainerServiceforEC2Role", "AmazonSSMManagedInstanceCore"]),
        inline: BTreeMap::new(),
    };
    let execution = RoleProps {
        name: format!("{city}-ecs-execution"),
        trust: trust_tasks(),
        managed: managed(&["service-role/AmazonECSTaskExecutionRolePolicy"]),
        inline: [("secrets".to_owned(), secrets(blueprint))].into(),
    };
    // The containers call no AWS service: a role without a right, so that they don't fall back to the instance's.
    let task = RoleProps {
        name: format!("{city}-ecs-task"),
        trust: trust_tasks(),
        managed: BTreeSet::new(),
        inline: BTreeMap::new(),
    };
    let profile =
        InstanceProfileProps { name: format!("{city}-ecs-instance"), role: output("ecs/role.instance", "name") };
    [
        Role::at("ecs/role.instance", &instance),
        Role::at("ecs/role.execution", &execution),
        Role::at("ecs/role.task", &task),
        InstanceProfile::at("ecs/instance-profile", &profile),
    ]
}

/// May read the secrets that the services name and the one with their login to the database, and no other.
fn secrets(blueprint: &Blueprint<'_>) -> Value {
    let named = blueprint.spec.services.iter().flat_map(|(_, service)| service.secrets.values());
    // A service may name a field of a secret (`…:secret:name-AbCdEf:field::`); the right is for the secret.
    let secret = |arn: &str| arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":");
    let login = &blueprint.spec.legacy.database.credentials;
    let secrets: BTreeSet<_> = named.map(|arn| secret(arn.as_str())).chain([secret(login.as_str())]).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secrets }],
    })
}

fn capacity(blueprint: &Blueprint<'_>) -> [Desired; 3] {
    let Blueprint { city, spec, .. } = *blueprint;
    let capacity = &spec.capacity;
    let types: Vec<String> = capacity.instances.iter().map(ToString::to_string).collect();
    let first = types.first().cloned().unwrap_or_default();
    let arm = instance(&first).is_some_and(|data| data.architecture == Architecture::Arm);
    let template = LaunchTemplateProps {
        name: format!("{city}-ecs"),
        image: image(arm),
        instance_type: first,
        profile: output("ecs/instance-profile", "name"),
        security_group: output("security-groups/service", "id"),
        disk_gib: capacity.disk,
        metadata_hops: METADATA_HOPS,
        user_data: user_data(&names::cluster(city)),
    };
    let zones = || spec.network.zones.iter();
    let group = GroupProps {
        name: format!("{city}-ecs"),
        template: output("ecs/launch-template", "id"),
        template_version: output("ecs/launch-template", "version"),
        instance_types: types,
        subnets: zones().map(|zone| output(format!("vpc/subnet.private-{zone}").as_str(), "id")).collect(),
        min: capacity.min.cast_signed(),
        max: capacity.max.cast_signed(),
        warmup: WARMUP,
        grace: WARMUP,
        protected: true,
    };
    let provider = CapacityProviderProps {
        name: format!("migrate-{city}"),
        cluster: output("ecs/cluster", "name"),
        group: output("ecs/auto-scaling-group", "arn"),
        // No instance stands idle: of a city's two it would be half the bill again. An outage doesn't need it: tasks are spread
        // over the zones, those that are left serve on, and an instance in place of a lost one takes tasks within 180 s.
        target: 100,
        step: capacity.max.cast_signed(),
        warmup: WARMUP,
        termination_protection: true,
        draining: true,
    };
    // An instance that starts before there is a cluster to join, or a way to the internet, starts in vain.
    let ways = zones().map(|zone| format!("vpc/route-table.private-{zone}"));
    let others = ["security-groups/rule.service-https", "ecs/cluster"].map(str::to_owned);
    let first: Vec<String> = ways.chain(others).collect();
    [
        LaunchTemplate::at("ecs/launch-template", &template),
        Group::at("ecs/auto-scaling-group", &group).after(first.iter().map(String::as_str)),
        CapacityProvider::at("ecs/capacity-provider", &provider),
    ]
}

/// The newest ECS-optimised Amazon Linux, looked up whenever an instance starts.
fn image(arm: bool) -> String {
    let arm = if arm { "arm64/" } else { "" };
    format!("resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/{arm}recommended/image_id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phases::testing::blueprint;

    fn found<'a>(all: &'a [Desired], address: &str) -> &'a Value {
        all.iter().find(|one| one.address.as_str() == address).map_or(&Value::Null, |one| &one.props)
    }

    #[test]
    fn the_execution_role_reads_the_secrets_that_are_named_and_no_other() {
        let all = blueprint(json!({}), resources);
        let policy = &found(&all, "ecs/role.execution")["inline"]["secrets"]["Statement"][0];
        assert_eq!(policy["Action"], "secretsmanager:GetSecretValue");
        assert_eq!(
            policy["Resource"],
            json!([
                "arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/legacy-database-AbCdEf",
                "arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/session-key-GhIjKl",
            ])
        );
        assert_eq!(found(&all, "ecs/role.task")["managed"], json!([]));
    }

    #[test]
    fn instances_start_when_there_is_a_cluster_and_a_way_out() {
        let all = blueprint(json!({}), resources);
        let group = all.iter().find(|one| one.address.as_str() == "ecs/auto-scaling-group");
        let before = group.map(Desired::dependencies).unwrap_or_default();
        for address in ["ecs/cluster", "vpc/route-table.private-a", "vpc/route-table.private-b", "ecs/launch-template"]
        {
            assert!(before.contains(&address.into()), "{address}");
        }
        assert!(!before.iter().any(|address| address.phase() == "rds"), "the capacity doesn't wait for the database");
    }

    #[test]
    fn arm_instances_get_the_arm_image() {
        let all = blueprint(json!({ "capacity": { "instances": ["t4g.small"], "max": 4 } }), resources);
        let image = found(&all, "ecs/launch-template")["image"].as_str().unwrap_or_default();
        assert!(image.contains("/arm64/"), "{image}");
    }
}
