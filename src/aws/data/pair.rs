//! The two databases of a city, as a plan names them, and the engine that conducts between them.

use super::secret::login;
use crate::aws::rds::observed::outputs;
use crate::aws::{Aws, call};
use crate::database::mysql::MySql;
use crate::database::postgres::Postgres;
use crate::database::{Access, Engine, Server};
use crate::engine::input::output;
use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_rds::types::DbInstance;
use serde::{Deserialize, Serialize};

/// The two databases.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DataProps {
    /// `postgres` or `mysql`.
    pub engine: String,
    /// Host of the legacy database.
    pub old_host: String,
    /// Its port.
    pub old_port: u16,
    /// The name of the database there.
    pub old_database: String,
    /// ARN of the secret with the service's own login there, which is carried over.
    pub credentials: String,
    /// ARN of the secret with the login that may replicate there.
    pub administrator: String,
    /// Host of the new database.
    pub host: Input,
    /// Its port.
    pub port: Input<i32>,
    /// The name of the database there.
    pub database: String,
    /// ARN of the secret with the master user's login there.
    pub master: Input,
}

impl DataProps {
    /// The same, with the new database where RDS has it now, whatever was recorded; its place stays unknown where RDS has none.
    pub async fn as_it_is(self, aws: &Aws) -> CloudResult<Self> {
        let found = instance(aws).await?.as_ref().map(outputs);
        let (host, port, master) = found.map(|it| (it.address, it.port, it.secret_arn)).unwrap_or_default();
        let (host, port) = (known(host, "address"), known(port, "port"));
        Ok(Self { host, port, master: known(master, "secret_arn"), ..self })
    }
}

/// The city's database, if RDS has it.
async fn instance(aws: &Aws) -> CloudResult<Option<DbInstance>> {
    let asked = aws.rds.describe_db_instances().db_instance_identifier(&aws.city).send().await;
    match asked.map_err(call("rds:DescribeDBInstances")) {
        Err(error) if error.is_not_found() => Ok(None),
        answer => Ok(answer?.db_instances().first().cloned()),
    }
}

/// Whether RDS has the city's database and it may be running, whether or not it can be reached from here.
pub async fn may_run(aws: &Aws) -> CloudResult<bool> {
    let found = instance(aws).await?;
    let over = ["stopped", "failed", "deleting", "incompatible-restore", "inaccessible-encryption-credentials"];
    Ok(found.is_some_and(|one| !one.db_instance_status().is_some_and(|status| over.contains(&status))))
}

/// A value, or a reference to where it will come from.
fn known<T>(value: Option<T>, field: &str) -> Input<T> {
    value.map_or_else(|| output("rds/instance", field), Input::Known)
}

/// Reads the logins and makes the engine. Makes no connection yet.
pub async fn engine(aws: &Aws, props: &DataProps) -> CloudResult<Box<dyn Engine>> {
    let port = u16::try_from(*props.port.known()?).map_err(|e| CloudError::internal(format!("port: {e}")))?;
    let server = Server { host: props.host.known()?.clone(), port, database: props.database.clone() };
    let login = login(aws, props.master.known()?).await?;
    between(aws, props, Some(Access { server, login })).await
}

/// The engine, and why nobody is to ask the new side: there is no login to it, or it isn't known where it is.
pub async fn as_far_as_there(aws: &Aws, props: &DataProps) -> CloudResult<(Box<dyn Engine>, Option<String>)> {
    match engine(aws, props).await {
        Ok(both) => Ok((both, None)),
        Err(why) => Ok((old_alone(aws, props).await?, Some(why.to_string()))),
    }
}

/// An engine that is asked about the old side only, while there is no new one.
pub async fn old_alone(aws: &Aws, props: &DataProps) -> CloudResult<Box<dyn Engine>> {
    between(aws, props, None).await
}

async fn between(aws: &Aws, props: &DataProps, new: Option<Access>) -> CloudResult<Box<dyn Engine>> {
    let Some(network) = &aws.network else {
        return Err(CloudError::internal("the databases of this sandbox are records: no data is moved"));
    };
    let service = login(aws, &props.credentials).await?;
    let administrator = match props.administrator == props.credentials {
        true => service.clone(),
        false => login(aws, &props.administrator).await?,
    };
    let old = Server { host: props.old_host.clone(), port: props.old_port, database: props.old_database.clone() };
    let old = Access { server: old, login: administrator };
    // Nobody connects to it then.
    let new = new.unwrap_or_else(|| old.clone());
    match props.engine.as_str() {
        "postgres" => Ok(Box::new(Postgres::new(old, new, service, network.clone())?)),
        "mysql" => Ok(Box::new(MySql::new(old, new, service, network.clone())?)),
        other => Err(CloudError::internal(format!("data of engine {other} can't be moved by this version"))),
    }
}
