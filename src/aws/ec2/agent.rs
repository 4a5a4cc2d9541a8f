//! What an instance does at its first start: it tells the ECS agent which cluster to join, and how to behave.

use std::fmt::Write;

/// The agent's settings, each with its reason.
const SETTINGS: &[(&str, &str)] = &[
    // A spot instance that is about to be taken away hands its tasks over.
    ("ECS_ENABLE_SPOT_INSTANCE_DRAINING", "true"),
    // A container finds its own task's ARN and ports in a file.
    ("ECS_ENABLE_CONTAINER_METADATA", "true"),
    // Tasks with an interface of their own don't reach the instance's credentials either; those on the bridge are kept away by the
    // hop limit of the metadata service.
    ("ECS_AWSVPC_BLOCK_IMDS", "true"),
    // No container may act as root on the instance.
    ("ECS_DISABLE_PRIVILEGED", "true"),
    // Images are pinned by digest, so one that is there is the right one: a container that died starts again without the registry.
    ("ECS_IMAGE_PULL_BEHAVIOR", "once"),
];

/// The user data of an instance of `cluster`: a script that writes `/etc/ecs/ecs.config` before the agent starts.
pub fn user_data(cluster: &str) -> String {
    let mut script = format!("#!/bin/bash\ncat > /etc/ecs/ecs.config <<'END'\nECS_CLUSTER={cluster}\n");
    for (name, value) in SETTINGS {
        let _ = writeln!(script, "{name}={value}");
    }
    script.push_str("END\n");
    script
}
