//! The container of a task definition, to and from ECS's terms. What every container has, whatever the city says, is here.

use super::task_definition::{HealthCheck, TaskDefinitionProps};
use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_ecs::types::{
    self, ContainerDefinition, KernelCapabilities, KeyValuePair, LinuxParameters, LogConfiguration, LogDriver,
    PortMapping, Secret, TaskDefinition, Tmpfs, TransportProtocol,
};
use aws_smithy_types::error::operation::BuildError;
use std::collections::BTreeMap;

/// MiB of memory that `/tmp` may take where the root file system is read-only. It counts as the container's.
const TMP_MIB: i32 = 64;

/// The container that runs as `props` says: without any capability, with an init process that reaps what the application leaves
/// behind, and with logs that never block it.
pub fn definition(props: &TaskDefinitionProps) -> CloudResult<ContainerDefinition> {
    let host_port_is_free = 0;
    let port = PortMapping::builder()
        .container_port(props.port)
        .host_port(host_port_is_free)
        .protocol(TransportProtocol::Tcp)
        .build();
    Ok(ContainerDefinition::builder()
        .name(&props.container)
        .image(&props.image)
        .essential(true)
        .cpu(props.cpu)
        .memory(props.memory)
        .port_mappings(port)
        .user(&props.user)
        .privileged(false)
        .readonly_root_filesystem(props.read_only_root)
        .linux_parameters(linux(props).map_err(incomplete)?)
        .set_environment(Some(environment(&props.environment)?))
        .set_secrets(Some(secrets(&props.secrets)?))
        .health_check(health(&props.health).map_err(incomplete)?)
        .stop_timeout(props.stop_seconds)
        .log_configuration(logs(props)?)
        .build())
}

fn linux(props: &TaskDefinitionProps) -> Result<LinuxParameters, BuildError> {
    let tmp = Tmpfs::builder().container_path("/tmp").size(TMP_MIB);
    let tmp = tmp.mount_options("noexec").mount_options("nosuid").mount_options("nodev").build()?;
    Ok(LinuxParameters::builder()
        .init_process_enabled(true)
        .capabilities(KernelCapabilities::builder().drop("ALL").build())
        .set_tmpfs(props.read_only_root.then(|| vec![tmp]))
        .build())
}

fn environment(variables: &BTreeMap<String, Input>) -> CloudResult<Vec<KeyValuePair>> {
    let pair = |(name, value): (&String, &Input)| Ok(KeyValuePair::builder().name(name).value(value.known()?).build());
    variables.iter().map(pair).collect()
}

fn secrets(variables: &BTreeMap<String, Input>) -> CloudResult<Vec<Secret>> {
    let secret = |(name, arn): (&String, &Input)| {
        Secret::builder().name(name).value_from(arn.known()?).build().map_err(incomplete)
    };
    variables.iter().map(secret).collect()
}

fn health(check: &HealthCheck) -> Result<types::HealthCheck, BuildError> {
    types::HealthCheck::builder()
        .set_command(Some(check.command.clone()))
        .interval(check.interval)
        .timeout(check.timeout)
        .retries(check.retries)
        .start_period(check.start)
        .build()
}

fn logs(props: &TaskDefinitionProps) -> CloudResult<LogConfiguration> {
    LogConfiguration::builder()
        .log_driver(LogDriver::Awslogs)
        .options("awslogs-group", props.log_group.known()?)
        .options("awslogs-region", &props.log_region)
        .options("awslogs-stream-prefix", &props.container)
        // Lost log lines are better than requests that wait for CloudWatch.
        .options("mode", "non-blocking")
        .options("max-buffer-size", "4m")
        .build()
        .map_err(incomplete)
}

fn incomplete(error: BuildError) -> CloudError {
    CloudError::internal(error.to_string())
}

/// What a revision says. What [`definition`] puts into every container isn't looked at: it can't change in a revision.
pub fn props(definition: &TaskDefinition) -> TaskDefinitionProps {
    let container = definition.container_definitions().first();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let logs = container.and_then(|c| c.log_configuration()).and_then(|logs| logs.options());
    let log = |name: &str| logs.and_then(|options| options.get(name)).cloned().unwrap_or_default();
    let check = container.and_then(|c| c.health_check());
    let environment = container.map_or(&[][..], |c| c.environment()).iter();
    let secrets = container.map_or(&[][..], |c| c.secrets()).iter();
    TaskDefinitionProps {
        family: text(definition.family()),
        container: text(container.and_then(|c| c.name())),
        image: text(container.and_then(|c| c.image())),
        cpu: container.map_or(0, |c| c.cpu()),
        memory: container.and_then(|c| c.memory()).unwrap_or(0),
        port: container.and_then(|c| c.port_mappings().first()).and_then(|port| port.container_port()).unwrap_or(0),
        user: text(container.and_then(|c| c.user())),
        read_only_root: container.and_then(|c| c.readonly_root_filesystem()).unwrap_or(false),
        environment: environment.map(|pair| (text(pair.name()), text(pair.value()).into())).collect(),
        secrets: secrets.map(|secret| (secret.name().to_owned(), secret.value_from().into())).collect(),
        health: HealthCheck {
            command: check.map_or(&[][..], |check| check.command()).to_vec(),
            interval: check.and_then(|check| check.interval()).unwrap_or(0),
            timeout: check.and_then(|check| check.timeout()).unwrap_or(0),
            retries: check.and_then(|check| check.retries()).unwrap_or(0),
            start: check.and_then(|check| check.start_period()).unwrap_or(0),
        },
        stop_seconds: container.and_then(|c| c.stop_timeout()).unwrap_or(0),
        log_group: log("awslogs-group").into(),
        log_region: log("awslogs-region"),
        execution_role: text(definition.execution_role_arn()).into(),
        task_role: text(definition.task_role_arn()).into(),
    }
}
