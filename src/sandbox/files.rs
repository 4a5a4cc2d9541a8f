//! The adapter's files, embedded in the binary and written where Python can import them.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::SandboxError;

/// The pinned packages.
pub(super) const REQUIREMENTS: &str = include_str!("adapter/requirements.txt");

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("adapter/", $name)))),*]
    };
}

/// Every module of the package `adapter`: (file name, text).
const MODULES: &[(&str, &str)] = embedded![
    "__init__.py",
    "__main__.py",
    "account.py",
    "acm.py",
    "autoscaling.py",
    "autoscaling_application.py",
    "autoscaling_group.py",
    "autoscaling_instances.py",
    "autoscaling_refresh.py",
    "bikes_mysql.py",
    "bikes_postgres.py",
    "calls.py",
    "cbor.py",
    "clock.py",
    "cloudwatch.py",
    "control.py",
    "db_fleet.py",
    "db_mariadb.py",
    "db_mariadb_rds.py",
    "db_postgres.py",
    "db_postgres_rds.py",
    "db_process.py",
    "db_server.py",
    "db_tls.py",
    "ec2_calls.py",
    "ec2_dependencies.py",
    "ec2_endpoints.py",
    "ec2_images.py",
    "ec2_nat.py",
    "ec2_peering.py",
    "ec2_routes.py",
    "ec2_rules.py",
    "ec2_tags.py",
    "ecr.py",
    "ecs.py",
    "ecs_agenda.py",
    "ecs_answers.py",
    "ecs_balance.py",
    "ecs_calls.py",
    "ecs_capacity.py",
    "ecs_cluster.py",
    "ecs_definitions.py",
    "ecs_deployment.py",
    "ecs_instances.py",
    "ecs_scheduler.py",
    "ecs_service.py",
    "ecs_task.py",
    "elbv2.py",
    "elbv2_balancer.py",
    "elbv2_checks.py",
    "elbv2_listener.py",
    "elbv2_routing.py",
    "elbv2_targets.py",
    "errors.py",
    "faults.py",
    "iam.py",
    "iam_policies.py",
    "iam_simulation.py",
    "logs.py",
    "middleware.py",
    "naming.py",
    "patching.py",
    "quirks.py",
    "rds.py",
    "rds_catalogue.py",
    "rds_groups.py",
    "rds_rotation.py",
    "rds_server.py",
    "reach.py",
    "rider.py",
    "route53.py",
    "route53_answers.py",
    "route53_batch.py",
    "route53_conflicts.py",
    "route53_health.py",
    "s3.py",
    "secretsmanager.py",
    "seed.py",
    "seed_client.py",
    "seed_data.py",
    "seed_database.py",
    "seed_legacy.py",
    "server.py",
    "servicequotas.py",
    "services.py",
    "sns.py",
    "web.py",
];

/// Twelve hex digits that change with any of the texts.
pub(super) fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The version of the adapter: what a running sandbox is compared with.
pub(super) fn version() -> String {
    fingerprint(MODULES.iter().flat_map(|(name, text)| [*name, *text]).chain([REQUIREMENTS]))
}

/// Writes the package into `cache/adapter-<version>/adapter`, once; returns the folder to import from.
pub(super) fn write(cache: &Path) -> Result<PathBuf, SandboxError> {
    let folder = cache.join(format!("adapter-{}", version()));
    let package = folder.join("adapter");
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&package).map_err(SandboxError::io(&package))?;
    for (name, text) in MODULES {
        let path = package.join(name);
        fs::write(&path, text).map_err(SandboxError::io(&path))?;
    }
    fs::write(&complete, "").map_err(SandboxError::io(&complete))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox/adapter");
        let mut found: Vec<String> = fs::read_dir(folder)
            .expect("the adapter's folder")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".py"))
            .collect();
        found.sort();
        let mut listed: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
        listed.sort_unstable();
        assert_eq!(listed, found);
    }

    #[test]
    fn the_fingerprint_tells_texts_apart() {
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
        assert_eq!(fingerprint(["a"]).len(), 12);
    }
}
