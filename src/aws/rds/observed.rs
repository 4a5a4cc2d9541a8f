//! An instance as RDS describes it, in the words of [`InstanceProps`].

use super::instance::{InstanceOutputs, InstanceProps};
use super::version;
use crate::engine::Input;
use crate::engine::cloud::Readiness;
use aws_sdk_rds::types::DbInstance;

/// Its properties. While RDS is at work on it, what it is about to have; at rest, what it has: a change that somebody has put off to
/// the maintenance window isn't there yet.
pub fn props(instance: &DbInstance, wanted: &InstanceProps) -> InstanceProps {
    let pending = instance.pending_modified_values().filter(|_| !at_rest(instance));
    let soon = |pending: Option<&str>, now: Option<&str>| pending.or(now).unwrap_or_default().to_owned();
    let engine = instance.engine().unwrap_or_default();
    let observed = soon(pending.and_then(|p| p.engine_version()), instance.engine_version());
    let storage = pending.and_then(|p| p.allocated_storage()).or(instance.allocated_storage());
    let endpoint = instance.endpoint();
    let groups = instance.vpc_security_groups().iter().filter(|group| group.status() != Some("removing"));
    let parameter_group = instance.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name());
    let subnet_group = instance.db_subnet_group().and_then(|group| group.db_subnet_group_name());
    InstanceProps {
        identifier: instance.db_instance_identifier().unwrap_or_default().into(),
        engine: engine.into(),
        version: version::compared(engine, &observed, wanted.version.as_deref()),
        class: soon(pending.and_then(|p| p.db_instance_class()), instance.db_instance_class()),
        // What has grown by itself can't shrink, and isn't meant to.
        storage: storage.filter(|now| wanted.storage.is_none_or(|wanted| *now <= wanted)),
        max_storage: instance.max_allocated_storage().unwrap_or(0),
        storage_type: soon(pending.and_then(|p| p.storage_type()), instance.storage_type()),
        encrypted: instance.storage_encrypted().unwrap_or(false),
        database: instance.db_name().unwrap_or_default().into(),
        master_user: instance.master_username().unwrap_or_default().into(),
        managed_password: instance.master_user_secret().is_some(),
        // There is no endpoint until it is up.
        port: endpoint.and_then(|endpoint| endpoint.port()).unwrap_or(wanted.port),
        subnet_group: subnet_group.unwrap_or_default().into(),
        parameter_group: parameter_group.unwrap_or_default().into(),
        security_groups: groups.filter_map(|group| group.vpc_security_group_id()).map(Input::from).collect(),
        multi_az: pending.and_then(|p| p.multi_az()).or(instance.multi_az()).unwrap_or(false),
        public: instance.publicly_accessible().unwrap_or(false),
        backup_days: pending
            .and_then(|p| p.backup_retention_period())
            .or(instance.backup_retention_period())
            .unwrap_or(0),
        backup_window: instance.preferred_backup_window().unwrap_or_default().into(),
        maintenance_window: instance.preferred_maintenance_window().unwrap_or_default().into(),
        minor_upgrades: instance.auto_minor_version_upgrade().unwrap_or(false),
        copy_tags: instance.copy_tags_to_snapshot().unwrap_or(false),
        deletion_protection: instance.deletion_protection().unwrap_or(false),
        log_exports: log_exports(instance),
        performance_insights: instance.performance_insights_enabled().unwrap_or(false),
        monitoring_seconds: instance.monitoring_interval().unwrap_or(0),
        monitoring_role: instance.monitoring_role_arn().unwrap_or_default().into(),
        iam_login: pending
            .and_then(|p| p.iam_database_authentication_enabled())
            .or(instance.iam_database_authentication_enabled())
            .unwrap_or(false),
        certificate_authority: soon(
            pending.and_then(|p| p.ca_certificate_identifier()),
            instance.ca_certificate_identifier(),
        ),
    }
}

/// The logs that are exported, with those that are just being switched on and without those being switched off.
fn log_exports(instance: &DbInstance) -> std::collections::BTreeSet<String> {
    let pending = instance.pending_modified_values().and_then(|p| p.pending_cloudwatch_logs_exports());
    let on = pending.map_or(&[][..], |change| change.log_types_to_enable());
    let off = pending.map_or(&[][..], |change| change.log_types_to_disable());
    let now = instance.enabled_cloudwatch_logs_exports().iter().filter(|log| !off.contains(log));
    now.chain(on).cloned().collect()
}

/// Where it is, as far as it is up.
pub fn outputs(instance: &DbInstance) -> InstanceOutputs {
    let endpoint = instance.endpoint();
    let secret = instance.master_user_secret().and_then(|secret| secret.secret_arn());
    InstanceOutputs {
        arn: instance.db_instance_arn().unwrap_or_default().into(),
        identifier: instance.db_instance_identifier().unwrap_or_default().into(),
        address: endpoint.and_then(|endpoint| endpoint.address()).map(str::to_owned),
        port: endpoint.and_then(|endpoint| endpoint.port()),
        secret_arn: secret.map(str::to_owned),
    }
}

/// Whether RDS has nothing to do on it. `storage-optimization` goes on for hours after the storage grew, in full use.
fn at_rest(instance: &DbInstance) -> bool {
    matches!(instance.db_instance_status(), Some("available" | "storage-optimization"))
}

/// Whether it can be used. Only what comes by itself is waited for: not a reboot (`pending-reboot`), and not a change that somebody
/// has put off to the maintenance window, unless it is one that was asked for now.
pub fn readiness(instance: &DbInstance, wanted: &InstanceProps) -> Readiness {
    let status = instance.db_instance_status().unwrap_or("creating");
    match status {
        "available" if about_to_change(instance, wanted) => Readiness::Pending("about to be modified".into()),
        "available" | "storage-optimization" => Readiness::Ready,
        "storage-full" => Readiness::Failed("storage-full: its storage is used up; raise database.max_storage".into()),
        "stopped" | "stopping" => Readiness::Failed(format!("{status}: somebody stopped it; start it in RDS")),
        "failed" | "insufficient-capacity" | "restore-error" => Readiness::Failed(status.into()),
        _ if status.starts_with("incompatible-") || status.starts_with("inaccessible-") => {
            Readiness::Failed(status.into())
        }
        _ => Readiness::Pending(status.into()),
    }
}

/// RDS answers a change with the status `available` and shows it as pending before it begins.
fn about_to_change(instance: &DbInstance, wanted: &InstanceProps) -> bool {
    let Some(pending) = instance.pending_modified_values() else {
        return false;
    };
    let text = |pending: Option<&str>, wanted: &str| pending == Some(wanted);
    text(pending.db_instance_class(), &wanted.class)
        || text(pending.engine_version(), wanted.version.as_deref().unwrap_or_default())
        || text(pending.storage_type(), &wanted.storage_type)
        || text(pending.ca_certificate_identifier(), &wanted.certificate_authority)
        || pending.allocated_storage().is_some_and(|gib| Some(gib) == wanted.storage)
        || pending.multi_az() == Some(wanted.multi_az)
        || pending.backup_retention_period() == Some(wanted.backup_days)
        || pending.port() == Some(wanted.port)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use aws_sdk_rds::types::PendingModifiedValues;
    use serde_json::json;

    fn wanted() -> InstanceProps {
        serde_json::from_value(json!({
            "identifier": "malmo", "engine": "postgres", "version": "16.8", "class": "db.t4g.medium", "storage": 50,
            "max_storage": 100, "storage_type": "gp3", "encrypted": true, "database": "bikes", "master_user": "steward",
            "managed_password": true, "port": 5432, "subnet_group": "malmo", "parameter_group": "malmo-postgres16",
            "security_groups": ["sg-1"], "multi_az": true, "public": false, "backup_days": 14,
            "backup_window": "01:00-01:30", "maintenance_window": "tue:03:00-tue:03:30", "minor_upgrades": true,
            "copy_tags": true, "deletion_protection": true, "log_exports": ["postgresql"],
            "performance_insights": true, "monitoring_seconds": 60, "monitoring_role": "arn:aws:iam::1:role/m",
            "iam_login": true, "certificate_authority": "rds-ca-rsa2048-g1",
        }))
        .unwrap()
    }

    #[test]
    fn what_grows_and_upgrades_by_itself_is_not_compared() {
        let grown = DbInstance::builder().engine("postgres").engine_version("16.10").allocated_storage(70).build();
        let props = props(&grown, &wanted());
        assert_eq!((props.version, props.storage), (None, None));
    }

    #[test]
    fn a_change_put_off_by_somebody_is_no_reason_to_wait() {
        let pending = PendingModifiedValues::builder().db_instance_class("db.t4g.large").build();
        let instance = DbInstance::builder().db_instance_status("available").db_instance_class("db.t4g.medium");
        let instance = instance.pending_modified_values(pending).build();
        assert_eq!(readiness(&instance, &wanted()), Readiness::Ready);
        assert_eq!(props(&instance, &wanted()).class, "db.t4g.medium");
        let asked = InstanceProps { class: "db.t4g.large".into(), ..wanted() };
        assert!(matches!(readiness(&instance, &asked), Readiness::Pending(_)));
    }

    #[test]
    fn while_it_is_made_the_standby_that_is_coming_counts() {
        let pending = PendingModifiedValues::builder().multi_az(true).build();
        let instance = DbInstance::builder().db_instance_status("creating").multi_az(false);
        let instance = instance.pending_modified_values(pending).build();
        assert!(props(&instance, &wanted()).multi_az);
        assert_eq!(readiness(&instance, &wanted()), Readiness::Pending("creating".into()));
    }

    #[test]
    fn what_does_not_mend_itself_has_failed() {
        for status in ["failed", "incompatible-parameters", "storage-full", "inaccessible-encryption-credentials"] {
            let instance = DbInstance::builder().db_instance_status(status).build();
            assert!(matches!(readiness(&instance, &wanted()), Readiness::Failed(_)), "{status}");
        }
        let busy = DbInstance::builder().db_instance_status("backing-up").build();
        assert!(matches!(readiness(&busy, &wanted()), Readiness::Pending(_)));
    }
}
