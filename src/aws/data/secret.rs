//! Logins from Secrets Manager: JSON with `username` and `password`, as RDS writes it.

use crate::aws::{Aws, call};
use crate::database::{Login, Secret};
use crate::engine::{CloudError, CloudResult, ErrorClass};
use serde_json::Value;

/// The current version of a secret, which is a JSON object.
pub async fn current(aws: &Aws, arn: &str) -> CloudResult<Value> {
    const CALL: &str = "secretsmanager:GetSecretValue";
    let answer = aws.secrets.get_secret_value().secret_id(arn).send().await.map_err(call(CALL));
    // That a login is gone doesn't mean that what is reached by it is gone, or needn't be removed.
    let answer = answer.map_err(|error| match error.class {
        ErrorClass::NotFound => {
            CloudError { class: ErrorClass::Other, message: format!("{arn}: {}", error.message), ..error }
        }
        _ => error,
    })?;
    let read = answer.secret_string().and_then(|text| serde_json::from_str::<Value>(text).ok());
    read.filter(Value::is_object).ok_or_else(|| unusable(arn, "it isn't a JSON object"))
}

/// The user and password in it.
pub async fn login(aws: &Aws, arn: &str) -> CloudResult<Login> {
    let secret = current(aws, arn).await?;
    let field = |name: &str| secret[name].as_str().filter(|text| !text.is_empty());
    match (field("username"), field("password")) {
        (Some(user), Some(password)) => Ok(Login { user: user.into(), password: Secret::new(password) }),
        _ => Err(unusable(arn, "it has no `username` or no `password`")),
    }
}

fn unusable(arn: &str, why: &str) -> CloudError {
    CloudError {
        class: ErrorClass::Other,
        call: "secretsmanager:GetSecretValue".into(),
        code: "UnusableSecret".into(),
        message: format!("{arn}: {why}"),
    }
}
