//! An application as operators know it: it knows the secret that holds its login, and reads it again when something fails.

use super::line::{Address, Engine};
use crate::harness::World;
use migrate::aws::client::{Access, config};
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often it reads the secret at most, all clients together.
const EVERY: Duration = Duration::from_millis(50);

pub struct App {
    secrets: aws_sdk_secretsmanager::Client,
    arn: String,
    /// The addresses in the legacy network lead to where its server really is.
    routes: HashMap<String, String>,
    ca: PathBuf,
    now: Mutex<Address>,
    asked: tokio::sync::Mutex<Instant>,
}

impl App {
    /// That of a city of a sandbox that runs.
    pub async fn of(world: &World, city: &str) -> Self {
        let status = world.status();
        let cities = status["cities"].as_array().unwrap();
        let arn = cities.iter().find(|one| one["city"] == city).unwrap()["database"]["password_in"].as_str().unwrap();
        let parts: Vec<&str> = arn.split(':').collect();
        let access = Access {
            region: parts[3].to_owned(),
            endpoint: Some(status["endpoint"].as_str().unwrap().to_owned()),
            sandbox_key: Some(format!("SANDBOX{}", parts[4])),
            assume_role: None,
            speed: 1000.0,
            ..Access::default()
        };
        let databases = &status["databases"];
        let routes = databases["routes"].as_object().unwrap();
        let nowhere = Address {
            engine: Engine::Postgres,
            host: String::new(),
            port: 0,
            database: String::new(),
            user: String::new(),
            password: String::new(),
            ca: PathBuf::new(),
        };
        let app = Self {
            secrets: aws_sdk_secretsmanager::Client::new(&config(&access).await),
            arn: arn.to_owned(),
            routes: routes.iter().map(|(from, to)| (from.clone(), to.as_str().unwrap().to_owned())).collect(),
            ca: databases["ca"].as_str().unwrap().into(),
            now: Mutex::new(nowhere),
            asked: tokio::sync::Mutex::new(Instant::now() - EVERY),
        };
        app.again().await;
        app
    }

    /// Where it believes its database to be.
    pub fn address(&self) -> Address {
        self.now.lock().unwrap().clone()
    }

    /// Reads the secret again, unless somebody has just done so. A call that fails changes nothing.
    pub async fn again(&self) {
        let before = Instant::now();
        let mut asked = self.asked.lock().await;
        if *asked > before {
            return;
        }
        tokio::time::sleep(EVERY.saturating_sub(asked.elapsed())).await;
        *asked = Instant::now();
        let Ok(answer) = self.secrets.get_secret_value().secret_id(&self.arn).send().await else { return };
        let value: Value = serde_json::from_str(answer.secret_string().unwrap_or_default()).unwrap();
        *self.now.lock().unwrap() = self.read(&value);
    }

    fn read(&self, value: &Value) -> Address {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let port = value["port"].as_u64().map_or_else(|| text("port"), |port| port.to_string());
        let named = format!("{}:{port}", text("host"));
        let (host, port) = self.routes.get(&named).unwrap_or(&named).rsplit_once(':').unwrap();
        Address {
            engine: if text("engine").starts_with("postgres") { Engine::Postgres } else { Engine::Mysql },
            host: host.to_owned(),
            port: port.parse().unwrap(),
            database: text("dbname"),
            user: text("username"),
            password: text("password"),
            ca: self.ca.clone(),
        }
    }
}
