//! The settings that a move rests on, on both servers. Pure: the runbook refuses by them, and an assessment tells them days before.

use std::collections::BTreeMap;

/// Settings by name, in lower case.
pub type Settings = BTreeMap<String, String>;

/// Their names, as they stand in `SHOW GLOBAL VARIABLES WHERE Variable_name IN (…)`.
pub const NAMES: &str = "'log_bin', 'binlog_format', 'binlog_row_image', 'server_id', 'log_slave_updates', 'log_replica_updates', 'gtid_mode',
    'gtid_strict_mode', 'sync_binlog', 'innodb_flush_log_at_trx_commit', 'slave_parallel_workers', 'replica_parallel_workers', 'slave_parallel_mode',
    'slave_preserve_commit_order', 'replica_preserve_commit_order', 'slave_run_triggers_for_rbr', 'lower_case_table_names'";

/// A setting as it is, and whether a move can rest on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its name on this server.
    pub name: &'static str,
    /// Its value.
    pub is: String,
    /// Whether it is as it must be.
    pub met: bool,
    /// What would happen otherwise.
    pub why: &'static str,
    /// How it is changed on a server of one's own.
    pub mend: String,
}

/// What a move rests on, for one server.
pub fn of(settings: &Settings, mariadb: bool) -> Vec<Requirement> {
    let mut all = Vec::new();
    // Of two names of one setting the server knows one.
    let mut must = |names: &[&'static str], good: &dyn Fn(&str) -> bool, why, mend: String| {
        let name = names.iter().find(|name| settings.contains_key(**name)).unwrap_or(&names[0]);
        let is = settings.get(*name).cloned().unwrap_or_default();
        all.push(Requirement { name, met: good(&is), is, why, mend });
    };
    let restart = |name: &str| format!("set {name} = ON in my.cnf and restart");
    let set = |name: &str, value: &str| format!("SET GLOBAL {name} = {value}");
    must(&["log_bin"], &|is| is == "ON", "there is nothing that could be followed", restart("log_bin"));
    let statements = "statements may do something else on the other side";
    must(&["binlog_format"], &|is| is == "ROW", statements, set("binlog_format", "'ROW'"));
    let apart = "rows couldn't be told apart";
    must(&["binlog_row_image"], &|is| is == "FULL", apart, set("binlog_row_image", "'FULL'"));
    let durable = "what was handed over could be forgotten in a power cut, and both sides would serve";
    for name in ["sync_binlog", "innodb_flush_log_at_trx_commit"] {
        must(&[name], &|is| is == "1", durable, set(name, "1"));
    }
    if mariadb {
        let strict = "the copy's own entries in the new side's log would stop the stream";
        must(&["gtid_strict_mode"], &|is| is != "ON", strict, set("gtid_strict_mode", "OFF"));
        let triggers = "the gate would stop the stream";
        must(&["slave_run_triggers_for_rbr"], &|is| is == "NO", triggers, set("slave_run_triggers_for_rbr", "'NO'"));
    } else {
        let twice = "changes that were applied could be applied again";
        let mend =
            "enforce_gtid_consistency = ON, then gtid_mode OFF_PERMISSIVE, ON_PERMISSIVE, ON; no restart is needed";
        must(&["gtid_mode"], &|is| is == "ON", twice, mend.into());
    }
    let updates = "what it has from the other side wouldn't be in its log";
    must(&["log_replica_updates", "log_slave_updates"], &|is| is == "ON", updates, restart("log_replica_updates"));
    let workers = ["replica_parallel_workers", "slave_parallel_workers"].iter().find_map(|name| settings.get(*name));
    if !mariadb && workers.and_then(|workers| workers.parse().ok()).unwrap_or(0) > 1 {
        let order = ["replica_preserve_commit_order", "slave_preserve_commit_order"];
        let last = "what arrives last needn't be the last that was written";
        must(&order, &|is| is == "ON", last, set("replica_preserve_commit_order", "ON"));
    }
    all
}

/// What two servers may not have in common, or must: the setting, and what is wrong.
pub fn between(old: &Settings, new: &Settings) -> Vec<(&'static str, String)> {
    let wrong = |name: &'static str| {
        let same = old.get(name) == new.get(name);
        let is = old.get(name).map_or("", String::as_str);
        let other = new.get(name).map_or("", String::as_str);
        match (name, same) {
            ("server_id", true) => {
                Some((name, format!("both servers have {is}: neither would take the other's changes")))
            }
            ("lower_case_table_names", false) => {
                Some((name, format!("{is} on the old side, {other} on the new one: names would be taken for others")))
            }
            _ => None,
        }
    };
    ["server_id", "lower_case_table_names"].into_iter().filter_map(wrong).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well(mariadb: bool) -> Settings {
        let mut all = vec![
            ("log_bin", "ON"),
            ("binlog_format", "ROW"),
            ("binlog_row_image", "FULL"),
            ("sync_binlog", "1"),
            ("innodb_flush_log_at_trx_commit", "1"),
        ];
        all.extend(match mariadb {
            false => vec![
                ("gtid_mode", "ON"),
                ("log_replica_updates", "ON"),
                ("replica_parallel_workers", "4"),
                ("replica_preserve_commit_order", "ON"),
            ],
            true => {
                vec![("gtid_strict_mode", "OFF"), ("log_slave_updates", "ON"), ("slave_run_triggers_for_rbr", "NO")]
            }
        });
        all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn each_setting_that_a_move_rests_on_is_looked_at() {
        let unmet = |settings: &Settings, mariadb| of(settings, mariadb).into_iter().filter(|one| !one.met).count();
        for mariadb in [false, true] {
            assert_eq!(unmet(&well(mariadb), mariadb), 0);
            for name in well(mariadb).into_keys().filter(|name| name != "replica_parallel_workers") {
                let mut ill = well(mariadb);
                let wrong = if name == "gtid_strict_mode" { "ON" } else { "wrong" };
                ill.insert(name.clone(), wrong.into());
                assert_eq!(unmet(&ill, mariadb), 1, "{name}");
                assert!(NAMES.contains(&format!("'{name}'")), "{name} isn't asked for");
            }
        }
    }

    #[test]
    fn two_servers_need_numbers_of_their_own_and_the_same_names() {
        let server = |id: &str, names: &str| -> Settings {
            [("server_id".into(), id.into()), ("lower_case_table_names".into(), names.into())].into()
        };
        assert_eq!(between(&server("1", "0"), &server("2", "0")), []);
        let wrong: Vec<&str> =
            between(&server("1", "0"), &server("1", "1")).into_iter().map(|(name, _)| name).collect();
        assert_eq!(wrong, ["server_id", "lower_case_table_names"]);
    }
}
