//! `rds:parameter-group`: the settings of the database server.

use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo, ReplaceOrder};
use crate::engine::{CloudError, CloudResult, ErrorClass};
use aws_sdk_rds::types::{ApplyMethod, Parameter};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A parameter group.
pub struct ParameterGroup;

/// What the city wants of a parameter group.
#[derive(Debug, Serialize, Deserialize)]
pub struct ParameterGroupProps {
    /// Its name, with the family in it: another family means another group.
    pub name: String,
    /// Engine and major version as RDS writes them: `postgres16`, `mysql8.4`.
    pub family: String,
    /// Values by name, as RDS writes them. No others are set.
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
    const FOUND_BY: Option<&'static str> = Some("name");
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
        let props =
            ParameterGroupProps { name: name.clone(), family: sought.props.family.clone(), parameters: values(set) };
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
        let extra = old.parameters.keys().filter(|name| !new.parameters.contains_key(*name)).collect();
        reset(aws, &outputs.name, &extra).await?;
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

/// The parameters that were set, whoever set them.
fn values(set: &[Parameter]) -> BTreeMap<String, String> {
    let pairs = set.iter().filter_map(|one| Some((one.parameter_name()?, one.parameter_value()?)));
    pairs.map(|(name, value)| (name.into(), value.into())).collect()
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

/// Gives those parameters of the group that are in `extra` back to their defaults: at once where RDS can, else when the server
/// starts next.
async fn reset(aws: &Aws, group: &str, extra: &BTreeSet<&String>) -> CloudResult<()> {
    if extra.is_empty() {
        return Ok(());
    }
    let pages = aws.rds.describe_db_parameters().db_parameter_group_name(group).source("user").into_paginator().items();
    let set: Vec<Parameter> = pages.send().collect::<Result<_, _>>().await.map_err(call("rds:DescribeDBParameters"))?;
    let shown = set.iter().filter(|one| one.parameter_name.as_ref().is_some_and(|name| extra.contains(name)));
    let parameters: Vec<_> = shown
        .map(|one| {
            let at_once = one.apply_type() == Some("dynamic");
            let method = if at_once { ApplyMethod::Immediate } else { ApplyMethod::PendingReboot };
            Parameter::builder().set_parameter_name(one.parameter_name.clone()).apply_method(method).build()
        })
        .collect();
    for twenty in parameters.chunks(20) {
        let request = aws.rds.reset_db_parameter_group().db_parameter_group_name(group);
        let answer = request.set_parameters(Some(twenty.to_vec())).send().await;
        answer.map_err(call("rds:ResetDBParameterGroup"))?;
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
