//! The database: Multi-AZ, encrypted, backed up, protected, and ready to take the city's data over by replication.

use super::{Blueprint, security_groups, vpc};
use crate::aws::Resource;
use crate::aws::data::DataProps;
use crate::aws::data::complete::{CompleteProps, Completed};
use crate::aws::data::copy::Copy;
use crate::aws::iam::policy::trust_on_behalf_of;
use crate::aws::iam::role::{Role, RoleProps};
use crate::aws::logs::group::{LogGroup, LogGroupProps};
use crate::aws::rds::instance::{Instance, InstanceProps};
use crate::aws::rds::parameter_group::{ParameterGroup, ParameterGroupProps};
use crate::aws::rds::subnet_group::{SubnetGroup, SubnetGroupProps};
use crate::aws::rds::version;
use crate::engine::Desired;
use crate::engine::input::output;
use crate::spec::Engine;
use std::collections::{BTreeMap, BTreeSet};

/// The master user. Not `postgres` or `admin`, the names that are tried first (RDS.25).
pub const MASTER_USER: &str = "steward";
/// Days until a log entry is deleted.
const LOG_DAYS: i32 = 30;

/// The resources of the phase.
pub fn resources(blueprint: &Blueprint<'_>) -> Vec<Desired> {
    let Blueprint { city, spec, .. } = *blueprint;
    let family = format!("{}{}", spec.engine().name(), major(blueprint));
    let zones = spec.network.zones.iter();
    let mut all = vec![
        SubnetGroup::at(
            "rds/subnet-group",
            &SubnetGroupProps {
                name: city.to_owned(),
                subnets: zones.map(|zone| output(format!("vpc/subnet.private-{zone}").as_str(), "id")).collect(),
            },
        ),
        ParameterGroup::at(
            "rds/parameter-group",
            &ParameterGroupProps {
                name: format!("{city}-{}", family.replace('.', "-")),
                family,
                parameters: parameters(spec.engine()),
            },
        ),
        Role::at("rds/monitoring-role", &monitoring_role(blueprint)),
    ];
    // RDS would make the groups itself, but keep the entries for ever.
    let groups = log_exports(spec.engine()).iter().map(|log| {
        let name = format!("/aws/rds/instance/{city}/{log}");
        let address = format!("rds/log-group.{log}");
        LogGroup::at(address.as_str(), &LogGroupProps { name, retention_days: LOG_DAYS })
    });
    let groups: Vec<_> = groups.collect();
    let addresses: Vec<_> = groups.iter().map(|group| group.address.clone()).collect();
    all.extend(groups);
    all.push(Instance::at("rds/instance", &instance(blueprint)).after(addresses));
    if blueprint.moves_data() {
        let between = security_groups::databases_meet(blueprint).into_iter().map(|rule| rule.address);
        all.push(Copy::at(DATA, &data(blueprint)).after(vpc::both_ways(blueprint)).after(between));
        let cutover = &spec.cutover;
        let complete = CompleteProps { data: data(blueprint), lag: cutover.lag.into(), lag_for: cutover.lag_for.0 };
        all.push(Completed::at(COMPLETE, &complete).after([DATA]));
    }
    all
}

/// Where the copy stands.
pub const DATA: &str = "rds/data";
/// Where the completed copy stands.
pub const COMPLETE: &str = "rds/data-complete";

/// The two databases.
pub fn data(blueprint: &Blueprint<'_>) -> DataProps {
    let spec = blueprint.spec;
    let legacy = &spec.legacy.database;
    DataProps {
        engine: spec.engine().name().into(),
        old_host: legacy.endpoint.host.to_string(),
        old_port: legacy.endpoint.port,
        old_database: legacy.name.to_string(),
        credentials: legacy.credentials.to_string(),
        administrator: legacy.administrator.as_ref().unwrap_or(&legacy.credentials).to_string(),
        host: output("rds/instance", "address"),
        port: output("rds/instance", "port"),
        database: spec.database_name().to_string(),
        master: output("rds/instance", "secret_arn"),
    }
}

fn instance(blueprint: &Blueprint<'_>) -> InstanceProps {
    let Blueprint { city, spec, .. } = *blueprint;
    let database = &spec.database;
    InstanceProps {
        identifier: city.to_owned(),
        engine: spec.engine().name().into(),
        version: Some(database.version.to_string()),
        class: database.class.to_string(),
        storage: Some(database.storage.cast_signed()),
        max_storage: database.max_storage().cast_signed(),
        storage_type: "gp3".into(),
        encrypted: true,
        database: spec.database_name().to_string(),
        master_user: MASTER_USER.into(),
        managed_password: true,
        port: spec.engine().port().into(),
        subnet_group: output("rds/subnet-group", "name"),
        parameter_group: output("rds/parameter-group", "name"),
        security_groups: BTreeSet::from([output("security-groups/database", "id")]),
        multi_az: true,
        public: false,
        backup_days: database.backup_days.cast_signed(),
        backup_window: database.backup_window.to_string(),
        maintenance_window: database.maintenance_window.to_string(),
        minor_upgrades: true,
        copy_tags: true,
        deletion_protection: true,
        log_exports: log_exports(spec.engine()).iter().map(|log| (*log).to_owned()).collect(),
        performance_insights: insights_offered(spec.engine(), database.class.as_str()),
        monitoring_seconds: 60,
        monitoring_role: output("rds/monitoring-role", "arn"),
        iam_login: true,
        certificate_authority: "rds-ca-rsa2048-g1".into(),
    }
}

/// The role by which the instance writes its operating system's metrics to CloudWatch Logs (RDS.6).
fn monitoring_role(blueprint: &Blueprint<'_>) -> RoleProps {
    let Blueprint { city, spec, .. } = *blueprint;
    let database = format!("arn:aws:rds:{}:{}:db:{city}", spec.region, spec.account);
    RoleProps {
        name: format!("{city}-rds-monitoring"),
        trust: trust_on_behalf_of("monitoring.rds.amazonaws.com", spec.account.as_str(), &database),
        managed: ["arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole".into()].into(),
        inline: BTreeMap::new(),
    }
}

/// `16`, `8.4`.
fn major(blueprint: &Blueprint<'_>) -> String {
    version::major(blueprint.spec.engine().name(), blueprint.spec.database.version.as_str())
}

/// Ready for the replication that moves the data in, and the way back (`facts`: row binlog with GTID); TLS forced; slow queries,
/// changes of the schema and connections logged. Everything else stays as RDS has it.
fn parameters(engine: Engine) -> BTreeMap<String, String> {
    let list: &[(&str, &str)] = match engine {
        Engine::Postgres => &[
            ("rds.logical_replication", "1"),
            ("rds.force_ssl", "1"),
            ("log_connections", "1"),
            ("log_disconnections", "1"),
            ("log_statement", "ddl"),
            ("log_min_duration_statement", "1000"), // ms
        ],
        Engine::Mysql => &[
            ("binlog_format", "ROW"),
            ("gtid-mode", "ON"),
            ("enforce_gtid_consistency", "ON"),
            ("require_secure_transport", "1"),
            ("log_output", "FILE"), // only files are exported
            ("slow_query_log", "1"),
            ("long_query_time", "1"), // s
        ],
    };
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// All that the engine can export (RDS.9). `general` and `audit` stay empty until somebody switches them on in the database.
fn log_exports(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Postgres => &["postgresql", "upgrade"],
        Engine::Mysql => &["audit", "error", "general", "slowquery"],
    }
}

/// Performance Insights doesn't run for MySQL on the smallest classes (documented).
fn insights_offered(engine: Engine, class: &str) -> bool {
    let small = ["db.t2.", "db.t3.", "db.t4g."]
        .iter()
        .filter_map(|family| class.strip_prefix(family))
        .any(|size| matches!(size, "micro" | "small"));
    engine == Engine::Postgres || !small
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phases::testing::blueprint;
    use serde_json::{Value, json};

    fn found<'a>(all: &'a [Desired], address: &str) -> &'a Value {
        all.iter().find(|one| one.address.as_str() == address).map_or(&Value::Null, |one| &one.props)
    }

    #[test]
    fn postgres_is_ready_for_logical_replication_and_forces_tls() {
        let all = blueprint(json!({}), resources);
        let group = found(&all, "rds/parameter-group");
        assert_eq!((&group["name"], &group["family"]), (&json!("malmo-postgres16"), &json!("postgres16")));
        assert_eq!(group["parameters"]["rds.logical_replication"], "1");
        assert_eq!(group["parameters"]["rds.force_ssl"], "1");
    }

    #[test]
    fn the_instance_is_what_the_baseline_asks_for() {
        let all = blueprint(json!({}), resources);
        let instance = found(&all, "rds/instance");
        for (field, value) in [
            ("multi_az", json!(true)),
            ("encrypted", json!(true)),
            ("public", json!(false)),
            ("deletion_protection", json!(true)),
            ("managed_password", json!(true)),
            ("iam_login", json!(true)),
            ("backup_days", json!(14)),
            ("max_storage", json!(100)),
        ] {
            assert_eq!(instance[field], value, "{field}");
        }
        assert!(!instance.to_string().contains("\"password\""));
    }

    #[test]
    fn mysql_replicates_rows_by_gtid_and_small_classes_have_no_insights() {
        let all = blueprint(
            json!({ "database": { "engine": "mysql", "version": "8.4.5", "class": "db.t4g.small", "storage": 20 } }),
            resources,
        );
        let group = found(&all, "rds/parameter-group");
        assert_eq!((&group["name"], &group["family"]), (&json!("malmo-mysql8-4"), &json!("mysql8.4")));
        assert_eq!(group["parameters"]["gtid-mode"], "ON");
        assert_eq!(found(&all, "rds/instance")["performance_insights"], false);
        assert!(found(&all, "rds/log-group.slowquery")["name"] == "/aws/rds/instance/malmo/slowquery");
    }
}
