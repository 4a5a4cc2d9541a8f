//! `rds:parameter-group`: the settings of the database server.

use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo, ReplaceOrder};
use crate::engine::{CloudError, CloudResult, ErrorClass};
use aws_sdk_rds::types::{ApplyMethod, Parameter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A parameter group.
pub struct ParameterGroup;

/// What the city wants of a parameter group.
#[derive(Debug, Serialize, Deserialize)]
pub struct ParameterGroupProps {
    /// Its name, with the family in it: another family means another group.
    pub name: String,
    /// Engine and major version as RDS writes them: `postgres16`, `mysql8.4`.
    pub family: String,
    /// Values by name, as RDS writes them. Only these are compared: what else was set stays.
    pub parameters: BTreeMap<String, String>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct ParameterGroupOutputs {
    /// Its name.
    pub name: String,
}

/// What RDS takes over only when the server starts. A group gets its values before the first instance uses it; where one of these
/// changes later, the instance says `pending-reboot` until somebody reboots it, which is an interruption and so not done here.
const STATIC: &[&str] = &["rds.logical_replication", "gtid-mode", "enforce_gtid_consistency"];

impl Resource for ParameterGroup {
    const INFO: KindInfo = KindInfo {
        immutable: &["name", "family"],
        unread: &["family"],
        replace: ReplaceOrder::CreateFirst,
        ..KindInfo::new("rds:parameter-group", Identity::Same(&["name"]))
    };
    type Props = ParameterGroupProps;
    type Outputs = ParameterGroupOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let name = sought.recorded.map_or(&sought.props.name, |outputs| &outputs.name);
        let set = survey.db_parameters(name).await?;
        let Some(set) = set.as_ref() else {
            return Ok(None);
        };
        if sought.recorded.is_none() {
            tag::group_is_ours(&survey.aws, "rds:DescribeDBParameters", "pg", name).await?;
        }
        let props = ParameterGroupProps {
            name: name.clone(),
            family: sought.props.family.clone(),
            parameters: ours(set, &sought.props.parameters),
        };
        Ok(Some(Found::ready(props, ParameterGroupOutputs { name: name.clone() })))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &ParameterGroupProps) -> CloudResult<ParameterGroupOutputs> {
        let made = aws
            .rds
            .create_db_parameter_group()
            .db_parameter_group_name(&props.name)
            .db_parameter_group_family(&props.family)
            .description(format!("Settings of {}'s database", aws.city))
            .set_tags(Some(tag::all(aws, making)))
            .send()
            .await
            .map_err(call("rds:CreateDBParameterGroup"));
        match made {
            Ok(_) => {}
            Err(error) if error.class == ErrorClass::AlreadyExists => {
                tag::group_is_ours(aws, "rds:CreateDBParameterGroup", "pg", &props.name).await?;
            }
            Err(error) => return Err(error),
        }
        set(aws, &props.name, props.parameters.iter()).await?;
        Ok(ParameterGroupOutputs { name: props.name.clone() })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: ParameterGroupOutputs,
        old: &ParameterGroupProps,
        new: &ParameterGroupProps,
    ) -> CloudResult<ParameterGroupOutputs> {
        let changed = new.parameters.iter().filter(|(name, value)| old.parameters.get(*name) != Some(value));
        set(aws, &outputs.name, changed).await?;
        Ok(outputs)
    }

    async fn delete(
        aws: &Aws,
        _: Making<'_>,
        outputs: &ParameterGroupOutputs,
        _: &ParameterGroupProps,
    ) -> CloudResult<()> {
        let request = aws.rds.delete_db_parameter_group().db_parameter_group_name(&outputs.name);
        request.send().await.map_err(call("rds:DeleteDBParameterGroup"))?;
        Ok(())
    }
}

/// Of the parameters that were set, those that the city wants to set.
fn ours(set: &[Parameter], wanted: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let pairs = set.iter().filter_map(|one| Some((one.parameter_name()?, one.parameter_value()?)));
    pairs.filter(|(name, _)| wanted.contains_key(*name)).map(|(name, value)| (name.into(), value.into())).collect()
}

async fn set<'a>(
    aws: &Aws,
    group: &str,
    parameters: impl Iterator<Item = (&'a String, &'a String)>,
) -> CloudResult<()> {
    let parameters: Vec<_> = parameters
        .map(|(name, value)| {
            let at_start = STATIC.contains(&name.as_str());
            let method = if at_start { ApplyMethod::PendingReboot } else { ApplyMethod::Immediate };
            Parameter::builder().parameter_name(name).parameter_value(value).apply_method(method).build()
        })
        .collect();
    // RDS takes twenty at a time.
    for twenty in parameters.chunks(20) {
        let request = aws.rds.modify_db_parameter_group().db_parameter_group_name(group);
        let answer = request.set_parameters(Some(twenty.to_vec())).send().await;
        answer.map_err(call("rds:ModifyDBParameterGroup")).map_err(|error| explained(error, group))?;
    }
    Ok(())
}

/// A group that was just made can be unknown for a moment, or still be changing: the same call succeeds later.
fn explained(error: CloudError, group: &str) -> CloudError {
    if error.is_not_found() {
        return CloudError { class: ErrorClass::Propagating, message: format!("{group}: {}", error.message), ..error };
    }
    error
}
