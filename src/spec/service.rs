//! The `services` section: the containers that serve the city.

use std::{collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::{MapAccess, Visitor}};

use super::form::{HostName, HttpPath, ImageRef, PathPattern, Seconds, SecretArn, User};

/// A container image that runs as several tasks behind the load balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The image with a tag or a digest. A tag is pinned to its digest when the plan is made.
    pub image: ImageRef,
    /// CPU units that a task reserves; 1024 are one vCPU.
    #[schemars(range(min = 128, max = 196_608))]
    pub cpu: u32,
    /// Memory that a task may use, in MiB.
    #[schemars(range(min = 6))]
    pub memory: u32,
    /// The port that the container listens on.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// How the load balancer and ECS see whether a task is well.
    pub health: Health,
    /// The host names that the service answers; all of them if left out.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    pub hosts: Vec<HostName>,
    /// The path patterns that the service answers; all paths if left out.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true))]
    pub paths: Vec<PathPattern>,
    /// Environment variables, by name. Nothing secret: they stand in the task definition.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Environment variables whose values are secrets in Secrets Manager, by name.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretArn>,
    /// Who the container runs as, `uid:gid` in quotes; not root.
    #[serde(default = "user")]
    pub user: User,
    /// Whether the container's root file system is read-only; `/tmp` stays writable.
    #[serde(default = "yes")]
    pub read_only_root: bool,
    /// The fewest tasks that run.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 1000))]
    pub min: u32,
    /// The most tasks that run.
    #[schemars(range(min = 1, max = 1000))]
    pub max: u32,
    /// The load that scaling aims at.
    #[serde(default)]
    pub targets: Targets,
}

impl Service {
    /// The container's own health check: the one given, or else curl on the health path.
    pub fn health_command(&self) -> Vec<String> {
        self.health.command.clone().unwrap_or_else(|| {
            let url = format!("http://localhost:{}{}", self.port, self.health.path);
            vec!["CMD-SHELL".to_owned(), format!("curl -f {url} || exit 1")]
        })
    }
}

fn two() -> u32 {
    2
}

fn yes() -> bool {
    true
}

#[expect(clippy::expect_used, reason = "a constant, and a test reads it")]
fn user() -> User {
    "1000:1000".parse().expect("`1000:1000` is a user")
}

/// How it is seen whether a task is well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Health {
    /// The path that answers 200 when the container can serve.
    pub path: HttpPath,
    /// The time between two checks.
    #[serde(default = "five_seconds")]
    pub interval: Seconds,
    /// How many checks in a row decide.
    #[serde(default = "two")]
    #[schemars(range(min = 2, max = 10))]
    pub threshold: u32,
    /// How long the container takes from its start to its first good answer.
    #[serde(default = "half_a_minute")]
    pub start: Seconds,
    /// The container's own check, as Docker's HEALTHCHECK takes it; curl on port and path if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub command: Option<Vec<String>>,
}

fn five_seconds() -> Seconds {
    Seconds(5)
}

fn half_a_minute() -> Seconds {
    Seconds(30)
}

/// The load that scaling aims at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
pub struct Targets {
    /// Average CPU in percent of what the tasks reserve.
    #[schemars(range(min = 1, max = 100))]
    pub cpu: u32,
    /// Average memory in percent of what the tasks may use.
    #[schemars(range(min = 1, max = 100))]
    pub memory: u32,
    /// Requests per minute and task; not looked at if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests: Option<u32>,
}

impl Default for Targets {
    fn default() -> Self {
        Self { cpu: 60, memory: 75, requests: None }
    }
}

/// Services by name, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Services(Vec<(String, Service)>);

impl Services {
    /// Names and services, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Service)> + Clone {
        self.0.iter().map(|(name, service)| (name.as_str(), service))
    }

    /// The service of that name.
    pub fn get(&self, name: &str) -> Option<&Service> {
        self.iter().find(|(n, _)| *n == name).map(|(_, service)| service)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none. A checked file has at least one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Services {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Services {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Services;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("services by name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Services, A::Error> {
                let mut services = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    services.push(entry);
                }
                Ok(Services(services))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl JsonSchema for Services {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Services".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let service = generator.subschema_for::<Service>();
        json_schema!({ "type": "object", "minProperties": 1, "additionalProperties": service })
    }
}
