//! The two databases of a city, as a plan names them, and the engine that conducts between them.

use super::secret::login;
use crate::aws::Aws;
use crate::database::mysql::MySql;
use crate::database::postgres::Postgres;
use crate::database::{Access, Engine, Server};
use crate::engine::{CloudError, CloudResult, Input};
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

/// Reads the logins and makes the engine. Makes no connection yet.
pub async fn engine(aws: &Aws, props: &DataProps) -> CloudResult<Box<dyn Engine>> {
    let port = u16::try_from(*props.port.known()?).map_err(|e| CloudError::internal(format!("port: {e}")))?;
    let server = Server { host: props.host.known()?.clone(), port, database: props.database.clone() };
    let login = login(aws, props.master.known()?).await?;
    between(aws, props, Some(Access { server, login })).await
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
