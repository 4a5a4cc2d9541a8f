//! The task definition of a service, and the log group that it writes to: part of the phase `ecs`.

use super::rds::COMPLETE;
use super::{Blueprint, names};
use crate::aws::Resource;
use crate::aws::ecs::task_definition::{HealthCheck, TaskDefinition, TaskDefinitionProps};
use crate::aws::logs::group::{LogGroup, LogGroupProps};
use crate::engine::input::output;
use crate::engine::{Desired, Input};
use crate::spec::Service;
use std::collections::BTreeMap;

/// Days until a log entry is deleted.
const LOG_DAYS: i32 = 30;
/// Seconds between SIGTERM and SIGKILL: ECS's default, longer than a request may take.
const STOP_SECONDS: i32 = 30;

/// The resources of one service.
pub fn resources(blueprint: &Blueprint<'_>, name: &str, service: &Service) -> [Desired; 2] {
    let Blueprint { city, spec, lookups, .. } = *blueprint;
    let group = format!("ecs/log-group.{name}");
    let logs = LogGroupProps { name: names::service_log_group(city, name), retention_days: LOG_DAYS };
    let image = service.image.as_str();
    let task = TaskDefinitionProps {
        family: format!("{city}-{name}"),
        container: name.to_owned(),
        image: lookups.images.get(image).map_or(image, String::as_str).to_owned(),
        cpu: service.cpu.cast_signed(),
        memory: service.memory.cast_signed(),
        port: service.port.into(),
        user: service.user.to_string(),
        read_only_root: service.read_only_root,
        environment: environment(blueprint, service),
        secrets: secrets(blueprint, service),
        health: health(service),
        stop_seconds: STOP_SECONDS,
        log_group: output(group.as_str(), "name"),
        log_region: spec.region.to_string(),
        execution_role: output("ecs/role.execution", "arn"),
        task_role: output("ecs/role.task", "arn"),
    };
    // Nobody starts before the new database lets the service's user in, and keeps those from writing who are too early.
    let login = blueprint.moves_data().then_some(COMPLETE);
    let task = TaskDefinition::at(format!("ecs/task-definition.{name}").as_str(), &task).after(login);
    [LogGroup::at(group.as_str(), &logs), task]
}

/// What the city file says, and where the database is, unless the city file says that.
fn environment(blueprint: &Blueprint<'_>, service: &Service) -> BTreeMap<String, Input> {
    let spec = blueprint.spec;
    let database = [
        ("DATABASE_HOST", output("rds/instance", "address")),
        ("DATABASE_PORT", spec.engine().port().to_string().into()),
        ("DATABASE_NAME", spec.database_name().to_string().into()),
    ];
    let mut all = unless_said(service, database);
    all.extend(service.environment.iter().map(|(name, value)| (name.clone(), value.clone().into())));
    all
}

/// What the city file says, and the user and password that the service has on today's database, which move with it, unless the city file
/// names others. Never the master user's: RDS changes its password every seven days, and ECS reads secrets when a task starts and never again.
fn secrets(blueprint: &Blueprint<'_>, service: &Service) -> BTreeMap<String, Input> {
    let secret = &blueprint.spec.legacy.database.credentials;
    let field = |field: &str| Input::from(format!("{secret}:{field}::"));
    let mut all =
        unless_said(service, [("DATABASE_USER", field("username")), ("DATABASE_PASSWORD", field("password"))]);
    all.extend(service.secrets.iter().map(|(name, arn)| (name.clone(), arn.to_string().into())));
    all
}

/// Those variables that the service has neither as a plain one nor as a secret: ECS refuses a name that is both.
fn unless_said<const N: usize>(service: &Service, variables: [(&str, Input); N]) -> BTreeMap<String, Input> {
    let said = |name: &str| service.environment.contains_key(name) || service.secrets.contains_key(name);
    variables.into_iter().filter(|(name, _)| !said(name)).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The city file's check within what ECS takes: 5 to 300 s apart, 2 to 60 s long, and not counted in the first 300 s at most.
fn health(service: &Service) -> HealthCheck {
    let seconds = |span: u64| i32::try_from(span).unwrap_or(i32::MAX);
    let interval = seconds(service.health.interval.0).clamp(5, 300);
    HealthCheck {
        command: service.health_command(),
        interval,
        timeout: interval.clamp(2, 5),
        retries: service.health.threshold.cast_signed(),
        start: seconds(service.health.start.0).clamp(0, 300),
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::Desired;
    use crate::phases::testing::blueprint;
    use serde_json::{Value, json};

    fn task(changes: Value) -> Value {
        let all: Vec<Desired> = blueprint(changes, crate::phases::ecs::resources);
        let task = all.into_iter().find(|one| one.address.as_str() == "ecs/task-definition.web");
        task.map_or(Value::Null, |task| task.props)
    }

    #[test]
    fn the_image_is_pinned_and_the_password_a_reference() {
        let task = task(json!({}));
        assert!(task["image"].as_str().unwrap_or_default().contains("@sha256:"));
        assert_eq!(task["environment"]["DATABASE_HOST"], json!({ "$ref": "rds/instance#address" }));
        assert_eq!(task["environment"]["DATABASE_PORT"], "5432");
        let secret = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/legacy-database-AbCdEf";
        assert_eq!(task["secrets"]["DATABASE_USER"], format!("{secret}:username::"));
        assert_eq!(
            task["secrets"]["DATABASE_PASSWORD"],
            format!("{secret}:password::"),
            "never the master's, which changes"
        );
        assert_eq!(task["user"], "1000:1000");
    }

    #[test]
    fn what_the_city_file_says_of_the_database_stands() {
        let user = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/web-user-AbCdEf";
        let service = json!({ "services": { "web": { "secrets": { "DATABASE_USER": user }, "environment": { "DATABASE_PASSWORD": "x" } } } });
        let task = task(service);
        assert_eq!(task["secrets"]["DATABASE_USER"], user);
        assert_eq!(task["secrets"].get("DATABASE_PASSWORD"), None, "a name can't be both");
    }
}
