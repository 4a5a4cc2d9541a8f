//! Talks to a running sandbox over its control address, `/_sandbox/` on loopback.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::databases::{Databases, ServerState};
use super::error::SandboxError;
use super::seed::Seed;
use super::status::{CityStatus, SandboxStatus};

/// A running sandbox.
#[derive(Debug, Clone)]
pub struct Sandbox {
    home: PathBuf,
    endpoint: String,
    agent: ureq::Agent,
}

impl Sandbox {
    pub(super) fn at(home: &Path, endpoint: String) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(60)))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Self { home: home.to_owned(), endpoint, agent: config.new_agent() }
    }

    /// The address of its AWS: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The folder with its endpoint, log and lock.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The environment with which any AWS tool uses the sandbox as `account`, in order.
    #[must_use]
    pub fn exports(&self, account: &str, region: &str) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", format!("SANDBOX{account}")),
            ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
            ("AWS_REGION", region.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// What runs, how often it was called, and what is planted.
    ///
    /// # Errors
    /// When the sandbox doesn't answer.
    pub fn status(&self) -> Result<SandboxStatus, SandboxError> {
        self.answer("GET status", self.agent.get(self.url("status")).call())
    }

    /// Every call since the last reset, at most the latest 20,000: service, operation, account, start
    /// and end in monotonic seconds, HTTP status, fault.
    ///
    /// # Errors
    /// When the sandbox doesn't answer.
    pub fn calls(&self) -> Result<Vec<Value>, SandboxError> {
        let answer: Value = self.answer("GET calls", self.agent.get(self.url("calls")).call())?;
        Ok(answer["calls"].as_array().cloned().unwrap_or_default())
    }

    /// Forgets every resource, call, rule and planted city.
    ///
    /// # Errors
    /// When the sandbox doesn't answer.
    pub fn reset(&self) -> Result<(), SandboxError> {
        self.post("reset", &json!({})).map(drop)
    }

    /// Plants the legacy side of a city; again only adds images and secrets that are new.
    ///
    /// # Errors
    /// When the sandbox doesn't answer or refuses the seed.
    pub fn seed(&self, seed: &Seed) -> Result<CityStatus, SandboxError> {
        let answer = self.post("seed", seed)?;
        serde_json::from_value(answer)
            .map_err(|error| SandboxError::Refused { request: "POST seed".to_owned(), message: error.to_string() })
    }

    /// Waits until no database server is starting any more; `progress` is told what takes long.
    ///
    /// # Errors
    /// When the sandbox doesn't answer, or a server couldn't be started.
    pub fn settle(&self, progress: &mut dyn FnMut(&str)) -> Result<Databases, SandboxError> {
        // A first look, then waits that are shorter than this client's patience.
        let mut databases = self.databases(0)?;
        if databases.servers.iter().any(|server| server.state == ServerState::Starting) {
            progress("starting and filling the cities' databases");
        }
        while databases.servers.iter().any(|server| server.state == ServerState::Starting) {
            databases = self.databases(20)?;
        }
        match databases.servers.iter().find(|server| server.state == ServerState::Failed) {
            None => Ok(databases),
            Some(server) => Err(SandboxError::Database {
                city: server.city.clone(),
                engine: server.engine.clone(),
                message: server.error.clone().unwrap_or_default(),
            }),
        }
    }

    /// The servers, once none is starting any more or that many seconds have passed.
    fn databases(&self, seconds: u32) -> Result<Databases, SandboxError> {
        let request = self.agent.post(self.url("databases"));
        self.answer("POST databases", request.send_json(json!({ "seconds": seconds })))
    }

    /// Adds a fault rule; `docs/sandbox.md` has its fields.
    ///
    /// # Errors
    /// When the sandbox doesn't answer or refuses the rule.
    pub fn fault(&self, rule: &Value) -> Result<(), SandboxError> {
        self.post("faults", rule).map(drop)
    }

    /// Takes all fault rules away.
    ///
    /// # Errors
    /// When the sandbox doesn't answer.
    pub fn clear_faults(&self) -> Result<(), SandboxError> {
        self.answer::<Value>("DELETE faults", self.agent.delete(self.url("faults")).call()).map(drop)
    }

    /// Sends a body to any of the control's paths and returns the answer.
    ///
    /// # Errors
    /// When the sandbox doesn't answer or refuses the body.
    pub fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, SandboxError> {
        self.answer(&format!("POST {path}"), self.agent.post(self.url(path)).send_json(body))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/_sandbox/{path}", self.endpoint)
    }

    fn answer<T: DeserializeOwned>(
        &self,
        request: &str,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, SandboxError> {
        let unreachable = |source| SandboxError::Unreachable { request: request.to_owned(), source: Box::new(source) };
        let mut response = response.map_err(unreachable)?;
        let status = response.status();
        if status.is_success() {
            // The list of calls is the longest answer: 20,000 of about 150 bytes.
            return response.body_mut().with_config().limit(64 << 20).read_json().map_err(unreachable);
        }
        let message = response.body_mut().read_to_string().unwrap_or_default();
        let told = serde_json::from_str::<Value>(&message).ok().and_then(|v| Some(v["error"].as_str()?.to_owned()));
        Err(SandboxError::Refused { request: request.to_owned(), message: told.unwrap_or(message) })
    }
}
