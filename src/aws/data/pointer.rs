//! Where the service finds its database: the secret that the city file names. Both logins stand in it ahead as versions with labels of
//! their own; pointing there is moving one label, `AWSCURRENT`.

use super::pair::DataProps;
use super::secret::current;
use crate::aws::{Aws, call};
use crate::database::switch::Pointer;
use crate::database::{DatabaseError, DatabaseResult, Side};
use crate::engine::{CloudError, CloudResult};
use async_trait::async_trait;
use serde_json::{Value, json};

/// The label of the version that is in force.
const CURRENT: &str = "AWSCURRENT";

/// The secret of a city's service.
pub struct SecretPointer<'a> {
    /// Whom to ask.
    pub aws: &'a Aws,
    /// The databases.
    pub props: &'a DataProps,
}

fn label(side: Side) -> &'static str {
    match side {
        Side::Old => "migrate-old",
        Side::New => "migrate-new",
    }
}

impl SecretPointer<'_> {
    /// The version that bears a label.
    async fn version(&self, label: &str) -> CloudResult<Option<String>> {
        const CALL: &str = "secretsmanager:DescribeSecret";
        let secret = &self.props.credentials;
        let answer = self.aws.secrets.describe_secret().secret_id(secret).send().await.map_err(call(CALL))?;
        let versions = answer.version_ids_to_stages.unwrap_or_default();
        Ok(versions.into_iter().find(|(_, stages)| stages.iter().any(|stage| stage == label)).map(|(id, _)| id))
    }

    async fn put(&self, side: Side, host: &str, port: i32, database: &str) -> CloudResult<()> {
        let mut value = current(self.aws, &self.props.credentials).await?;
        value["host"] = json!(host);
        // As it was written before: some write the port as a text.
        value["port"] = if value["port"].is_string() { json!(port.to_string()) } else { json!(port) };
        for name in ["dbname", "database"] {
            if value.get(name).is_some_and(Value::is_string) {
                value[name] = json!(database);
            }
        }
        let put = self.aws.secrets.put_secret_value().secret_id(&self.props.credentials);
        let put = put.secret_string(value.to_string()).version_stages(label(side));
        put.send().await.map_err(call("secretsmanager:PutSecretValue")).map(drop)
    }

    /// Leads the service back to the old side, if it was led to the new one.
    pub async fn lead_back(&self) -> CloudResult<()> {
        let (now, old) = futures_util::future::try_join(self.version(CURRENT), self.version(label(Side::Old))).await?;
        match old {
            Some(old) if now.as_ref() != Some(&old) && now == self.version(label(Side::New)).await? => {
                self.move_label(CURRENT, now, old).await
            }
            _ => Ok(()),
        }
    }

    /// Takes the labels of the move away: what is in force stays so.
    pub async fn forget(&self) -> CloudResult<()> {
        for label in [label(Side::Old), label(Side::New)] {
            let Some(version) = self.version(label).await? else { continue };
            let update = self.aws.secrets.update_secret_version_stage().secret_id(&self.props.credentials);
            let update = update.version_stage(label).remove_from_version_id(version);
            update.send().await.map_err(call("secretsmanager:UpdateSecretVersionStage"))?;
        }
        Ok(())
    }

    async fn move_label(&self, label: &str, from: Option<String>, to: String) -> CloudResult<()> {
        let update = self.aws.secrets.update_secret_version_stage().secret_id(&self.props.credentials);
        let update = update.version_stage(label).set_remove_from_version_id(from).move_to_version_id(to);
        update.send().await.map_err(call("secretsmanager:UpdateSecretVersionStage")).map(drop)
    }
}

fn failed(error: CloudError) -> DatabaseError {
    DatabaseError::Aws(error)
}

#[async_trait]
impl Pointer for SecretPointer<'_> {
    async fn prepare(&self, to: Side) -> DatabaseResult<()> {
        // What is in force is the login of the side that serves.
        let serving = label(to.other());
        let (now, labelled) =
            (self.version(CURRENT).await.map_err(failed)?, self.version(serving).await.map_err(failed)?);
        if let Some(now) = now.filter(|now| labelled.as_ref() != Some(now)) {
            self.move_label(serving, labelled, now).await.map_err(failed)?;
        }
        let props = self.props;
        match to {
            Side::Old => self.put(to, &props.old_host, props.old_port.into(), &props.old_database).await,
            Side::New => {
                let (host, port) = (props.host.known().map_err(failed)?, *props.port.known().map_err(failed)?);
                self.put(to, host, port, &props.database).await
            }
        }
        .map_err(failed)
    }

    async fn points(&self, to: Side) -> DatabaseResult<bool> {
        let (now, wanted) =
            futures_util::future::try_join(self.version(CURRENT), self.version(label(to))).await.map_err(failed)?;
        Ok(now.is_some() && now == wanted)
    }

    async fn point(&self, to: Side) -> DatabaseResult<()> {
        let (now, wanted) =
            futures_util::future::try_join(self.version(CURRENT), self.version(label(to))).await.map_err(failed)?;
        let Some(wanted) = wanted else {
            return Err(DatabaseError::Refused(format!("the secret has no version {}", label(to))));
        };
        if now.as_ref() == Some(&wanted) {
            return Ok(());
        }
        self.move_label(CURRENT, now, wanted).await.map_err(failed)
    }
}
