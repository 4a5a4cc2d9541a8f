//! `rds:instance`: the database.

use super::{observed, tag, version};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::kind::{Identity, KindInfo, Latency, Source};
use crate::engine::notice::Notice;
use crate::engine::plan::{Action, Change};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_rds::types::CloudwatchLogsExportConfiguration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A database instance.
pub struct Instance;

/// What the city wants of its database. The master password is no part of it: RDS makes, keeps and rotates it in Secrets Manager.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstanceProps {
    /// Its identifier: the city's name.
    pub identifier: String,
    /// `postgres` or `mysql`.
    pub engine: String,
    /// The engine's version; `None` where AWS has upgraded to a newer minor version.
    pub version: Option<String>,
    /// Such as `db.t4g.medium`.
    pub class: String,
    /// GiB; `None` where it has grown by itself.
    pub storage: Option<i32>,
    /// GiB that the storage may grow to by itself; 0: it may not.
    pub max_storage: i32,
    /// `gp3`.
    pub storage_type: String,
    /// Whether the storage, backups and snapshots are encrypted (with the account's `aws/rds` key).
    pub encrypted: bool,
    /// The name of the database on the server.
    pub database: String,
    /// The name of the master user.
    pub master_user: String,
    /// Whether RDS keeps the master password in Secrets Manager.
    pub managed_password: bool,
    /// The port that it listens on.
    pub port: i32,
    /// The name of the subnet group.
    pub subnet_group: Input,
    /// The name of the parameter group.
    pub parameter_group: Input,
    /// Ids of its security groups.
    pub security_groups: BTreeSet<Input>,
    /// Whether there is a standby in another zone.
    pub multi_az: bool,
    /// Whether it has a public address.
    pub public: bool,
    /// For how many days backups are kept.
    pub backup_days: i32,
    /// `01:00-01:30`, UTC.
    pub backup_window: String,
    /// `tue:03:00-tue:03:30`, UTC.
    pub maintenance_window: String,
    /// Whether AWS upgrades to new minor versions in the maintenance window.
    pub minor_upgrades: bool,
    /// Whether snapshots get the instance's tags.
    pub copy_tags: bool,
    /// Whether a delete is refused.
    pub deletion_protection: bool,
    /// The logs that go to CloudWatch Logs.
    pub log_exports: BTreeSet<String>,
    /// Whether the load is recorded by query and wait for seven days, which costs nothing.
    pub performance_insights: bool,
    /// Seconds between two readings of the operating system's metrics; 0: none are taken.
    pub monitoring_seconds: i32,
    /// ARN of the role that writes them; empty where none are taken.
    pub monitoring_role: Input,
    /// Whether IAM users may log in with a token.
    pub iam_login: bool,
    /// Who signed the server's certificate, such as `rds-ca-rsa2048-g1`.
    pub certificate_authority: String,
}

/// Where it is. All but the ARN and the identifier come once it is up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstanceOutputs {
    /// `arn:aws:rds:…:db:…`.
    pub arn: String,
    /// Its identifier.
    pub identifier: String,
    /// Its host name.
    #[serde(default)]
    pub address: Option<String>,
    /// The port that it listens on.
    #[serde(default)]
    pub port: Option<i32>,
    /// ARN of the secret that holds the master user's name and password.
    #[serde(default)]
    pub secret_arn: Option<String>,
}

impl Resource for Instance {
    const INFO: KindInfo = KindInfo {
        immutable: &["identifier", "engine", "encrypted", "database", "master_user", "subnet_group"],
        settles: true,
        vanishes: true,
        holds_data: true,
        notice: noticed,
        create: Latency::measured(420, 900, 1700), // facts: native Multi-AZ, creating to available
        update: Latency::measured(60, 859, 1250),  // facts: a conversion to Multi-AZ; smaller changes take a minute
        delete: Latency::estimated(180, 360, 700), // facts: 111 / 180 / 266 without, and the final snapshot's 180
        ..KindInfo::new("rds:instance", Identity::Same(&["identifier"]))
    };
    const FOUND_BY: Option<&'static str> = Some("identifier");
    type Props = InstanceProps;
    type Outputs = InstanceOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let identifier = sought.recorded.map_or(&sought.props.identifier, |outputs| &outputs.identifier);
        let instances = survey.db_instances().await?;
        let Some(instance) = instances.iter().find(|one| one.db_instance_identifier() == Some(identifier)) else {
            return Ok(None);
        };
        if sought.recorded.is_none() {
            tags::ours(&survey.aws, "rds:DescribeDBInstances", identifier, tag::city(instance.tag_list()))?;
        }
        Ok(Some(Found {
            props: observed::props(instance, sought.props),
            outputs: observed::outputs(instance),
            readiness: observed::readiness(instance, sought.props),
        }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &InstanceProps) -> CloudResult<InstanceOutputs> {
        let request = aws
            .rds
            .create_db_instance()
            .db_instance_identifier(&props.identifier)
            .engine(&props.engine)
            .set_engine_version(props.version.clone())
            .db_instance_class(&props.class)
            .set_allocated_storage(props.storage)
            .set_max_allocated_storage(Some(props.max_storage).filter(|gib| *gib > 0))
            .storage_type(&props.storage_type)
            .storage_encrypted(props.encrypted)
            .db_name(&props.database)
            .master_username(&props.master_user)
            .manage_master_user_password(props.managed_password)
            .port(props.port)
            .db_subnet_group_name(props.subnet_group.known()?)
            .db_parameter_group_name(props.parameter_group.known()?)
            .set_vpc_security_group_ids(Some(known(&props.security_groups)?))
            .multi_az(props.multi_az)
            .publicly_accessible(props.public)
            .backup_retention_period(props.backup_days)
            .preferred_backup_window(&props.backup_window)
            .preferred_maintenance_window(&props.maintenance_window)
            .auto_minor_version_upgrade(props.minor_upgrades)
            .copy_tags_to_snapshot(props.copy_tags)
            .deletion_protection(props.deletion_protection)
            .set_enable_cloudwatch_logs_exports(Some(props.log_exports.iter().cloned().collect()))
            .enable_performance_insights(props.performance_insights)
            .set_performance_insights_retention_period(props.performance_insights.then_some(PI_DAYS))
            .monitoring_interval(props.monitoring_seconds)
            .set_monitoring_role_arn(role(props)?)
            .enable_iam_database_authentication(props.iam_login)
            .ca_certificate_identifier(&props.certificate_authority)
            .set_tags(Some(tag::all(aws, making)));
        let made = match request.send().await.map_err(call("rds:CreateDBInstance")) {
            Ok(made) => made.db_instance,
            Err(error) if error.class == ErrorClass::AlreadyExists => Some(adopt(aws, &props.identifier).await?),
            Err(error) => return Err(error),
        };
        let instance = made.ok_or_else(|| CloudError::internal("CreateDBInstance answered without an instance"))?;
        Ok(observed::outputs(&instance))
    }

    /// All changes go in one call and at once, not in the next maintenance window: the operator has seen the plan and applies it in
    /// a window of the city's own. Of them a new class, a new version and another port interrupt the connections (Multi-AZ: for a
    /// failover, 60 to 120 s, documented); the rest doesn't.
    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: InstanceOutputs,
        old: &InstanceProps,
        new: &InstanceProps,
    ) -> CloudResult<InstanceOutputs> {
        let version = told(&old.version, &new.version);
        let major = |version: &String| version::major(&new.engine, version);
        let another_major = version.is_some() && version.as_ref().map(major) != old.version.as_ref().map(major);
        let monitoring = old.monitoring_seconds != new.monitoring_seconds || old.monitoring_role != new.monitoring_role;
        let insights = changed(&old.performance_insights, &new.performance_insights);
        let request = aws
            .rds
            .modify_db_instance()
            .db_instance_identifier(&outputs.identifier)
            .apply_immediately(true)
            .set_allow_major_version_upgrade(another_major.then_some(true))
            .set_engine_version(version)
            .set_db_instance_class(changed(&old.class, &new.class))
            .set_allocated_storage(told(&old.storage, &new.storage))
            .set_max_allocated_storage(changed(&old.max_storage, &new.max_storage).filter(|gib| *gib > 0))
            .set_storage_type(changed(&old.storage_type, &new.storage_type))
            .set_manage_master_user_password(changed(&old.managed_password, &new.managed_password))
            .set_db_port_number(changed(&old.port, &new.port))
            .set_db_parameter_group_name(changed(&old.parameter_group, &new.parameter_group).map(value).transpose()?)
            .set_vpc_security_group_ids(
                changed(&old.security_groups, &new.security_groups).map(|ids| known(&ids)).transpose()?,
            )
            .set_multi_az(changed(&old.multi_az, &new.multi_az))
            .set_publicly_accessible(changed(&old.public, &new.public))
            .set_backup_retention_period(changed(&old.backup_days, &new.backup_days))
            .set_preferred_backup_window(changed(&old.backup_window, &new.backup_window))
            .set_preferred_maintenance_window(changed(&old.maintenance_window, &new.maintenance_window))
            .set_auto_minor_version_upgrade(changed(&old.minor_upgrades, &new.minor_upgrades))
            .set_copy_tags_to_snapshot(changed(&old.copy_tags, &new.copy_tags))
            .set_deletion_protection(changed(&old.deletion_protection, &new.deletion_protection))
            .set_cloudwatch_logs_export_configuration(log_exports(&old.log_exports, &new.log_exports))
            .set_enable_performance_insights(insights)
            .set_performance_insights_retention_period((insights == Some(true)).then_some(PI_DAYS))
            .set_monitoring_interval(monitoring.then_some(new.monitoring_seconds))
            .set_monitoring_role_arn(if monitoring { role(new)? } else { None })
            .set_enable_iam_database_authentication(changed(&old.iam_login, &new.iam_login))
            .set_ca_certificate_identifier(changed(&old.certificate_authority, &new.certificate_authority));
        let answer = request.send().await.map_err(call("rds:ModifyDBInstance"))?;
        Ok(answer.db_instance.as_ref().map_or(outputs, observed::outputs))
    }

    /// Leaves a final snapshot, `<city>-final-<token>`, and no automated backups: the snapshot is the newest state, while they
    /// would be billed for up to 35 days after the city is gone.
    async fn delete(
        aws: &Aws,
        making: Making<'_>,
        outputs: &InstanceOutputs,
        props: &InstanceProps,
    ) -> CloudResult<()> {
        let identifier = &outputs.identifier;
        if props.deletion_protection {
            let request = aws.rds.modify_db_instance().db_instance_identifier(identifier);
            let request = request.deletion_protection(false).apply_immediately(true);
            request.send().await.map_err(call("rds:ModifyDBInstance"))?;
        }
        let token: String = making.token.chars().take(8).collect();
        aws.rds
            .delete_db_instance()
            .db_instance_identifier(identifier)
            .skip_final_snapshot(false)
            .final_db_snapshot_identifier(format!("{identifier}-final-{token}"))
            .delete_automated_backups(true)
            .send()
            .await
            .map_err(call("rds:DeleteDBInstance"))
            .map_err(unprotected_soon)?;
        Ok(())
    }
}

/// What users notice of a change: Multi-AZ, a new class and another port are a failover, 60 to 120 s (D); an upgrade stops both
/// instances, minutes for a minor version, and many for a major one, which checks the data first (E).
fn noticed(change: &Change) -> Option<Notice> {
    if change.action != Action::Update {
        return None;
    }
    let field = |name: &str| change.fields.iter().find(|field| field.path == name);
    let major = |value: &serde_json::Value| {
        version::major(change.props["engine"].as_str().unwrap_or_default(), value.as_str().unwrap_or_default())
    };
    if let Some(version) = field("version") {
        let (kind, seconds) = if major(&version.old) == major(&version.new) { ("minor", 300) } else { ("major", 1200) };
        let what = format!("the database is upgraded to another {kind} version");
        return Some(Notice::out(what, seconds, Source::Estimated));
    }
    let failover = [("class", "to an instance of the new class"), ("port", "to listen on the new port")];
    let (_, why) = failover.into_iter().find(|(name, _)| field(name).is_some())?;
    Some(Notice::out(format!("the database fails over {why}"), 120, Source::Documented))
}

/// Days that Performance Insights keeps for nothing.
const PI_DAYS: i32 = 7;

/// The protection was just lifted; until RDS has seen it everywhere it still refuses.
fn unprotected_soon(error: CloudError) -> CloudError {
    if error.code == "InvalidParameterCombination" && error.message.contains("rotect") {
        return CloudError { class: ErrorClass::Propagating, ..error };
    }
    error
}

async fn adopt(aws: &Aws, identifier: &str) -> CloudResult<aws_sdk_rds::types::DbInstance> {
    let answer = aws.rds.describe_db_instances().db_instance_identifier(identifier).send().await;
    let instances = answer.map_err(call("rds:DescribeDBInstances"))?.db_instances.unwrap_or_default();
    let there = instances.into_iter().next();
    let there = there.ok_or_else(|| CloudError::internal("DescribeDBInstances answered without an instance"))?;
    tags::ours(aws, "rds:CreateDBInstance", identifier, tag::city(there.tag_list()))?;
    Ok(there)
}

fn value(input: Input) -> CloudResult<String> {
    input.known().cloned()
}

fn known(inputs: &BTreeSet<Input>) -> CloudResult<Vec<String>> {
    inputs.iter().map(|input| input.known().cloned()).collect()
}

fn role(props: &InstanceProps) -> CloudResult<Option<String>> {
    Ok(Some(props.monitoring_role.known()?.clone()).filter(|arn| !arn.is_empty()))
}

/// The new value, if it is another one.
fn changed<T: PartialEq + Clone>(old: &T, new: &T) -> Option<T> {
    (old != new).then(|| new.clone())
}

/// The new value, if it is another one and the old one is compared at all.
fn told<T: PartialEq + Clone>(old: &Option<T>, new: &Option<T>) -> Option<T> {
    old.as_ref().and_then(|_| changed(old, new).flatten())
}

fn log_exports(old: &BTreeSet<String>, new: &BTreeSet<String>) -> Option<CloudwatchLogsExportConfiguration> {
    let on: Vec<_> = new.difference(old).cloned().collect();
    let off: Vec<_> = old.difference(new).cloned().collect();
    let change = CloudwatchLogsExportConfiguration::builder();
    let change = if on.is_empty() { change } else { change.set_enable_log_types(Some(on)) };
    let change = if off.is_empty() { change } else { change.set_disable_log_types(Some(off)) };
    (old != new).then(|| change.build())
}
