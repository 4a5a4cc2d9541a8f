//! What the move itself keeps in the databases: the schema `migrate` with the gate's row and the marks, and a user for the replication.

use super::connect::Place;
use super::scram;
use super::sql::{ident, literal, one, run};
use crate::database::{DatabaseResult, Login, Secret, Side};

/// The schema that all of it is in.
pub const SCHEMA: &str = "migrate";

/// One row: who serves. Two tables of marks, each written on one side and carried to the other by replication; a mark with a number is
/// the right to serve. They have no keys and only inserts are published, so that nothing in them can stop a subscription.
const TABLES: &str = "
CREATE SCHEMA IF NOT EXISTS migrate;
CREATE TABLE IF NOT EXISTS migrate.gate (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  state text NOT NULL CHECK (state IN ('open', 'frozen', 'waiting', 'given')),
  until timestamptz,
  epoch bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS migrate.from_old (id uuid NOT NULL, handover bigint, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE IF NOT EXISTS migrate.from_new (id uuid NOT NULL, handover bigint, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE IF NOT EXISTS migrate.compared (what text PRIMARY KEY, progress jsonb NOT NULL);
";

/// Names that can stand in a replication slot's name too: the database's, with what else has to be left out.
pub struct Names {
    /// The user that the other server logs in as.
    pub user: String,
    base: String,
}

impl Names {
    /// The names for a move of `database`: a server may hold those of several cities.
    pub fn new(database: &str) -> Self {
        let plain: String = database.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric()).take(30).collect();
        Self { user: format!("migrate_{plain}"), base: format!("migrate_{plain}") }
    }

    /// The subscription on the other side to what `side` publishes, and its slot on `side`.
    pub fn stream(&self, from: Side) -> String {
        format!("{}_from_{}", self.base, from.name())
    }

    /// The slot by which writes are watched while the sides are compared.
    pub fn watch(&self) -> String {
        format!("{}_watch", self.base)
    }

    /// The publication of the data.
    pub fn data(&self) -> String {
        format!("{}_data", self.base)
    }

    /// The publication of the marks.
    pub fn marks(&self) -> String {
        format!("{}_marks", self.base)
    }
}

/// Makes the tables; the old side's gate is open, the new side's waits for the first handing over.
pub async fn prepare(place: &Place, side: Side) -> DatabaseResult<()> {
    let (state, epoch) = match side {
        Side::Old => ("open", 0),
        Side::New => ("waiting", 1),
    };
    let row = format!("INSERT INTO migrate.gate (state, epoch) VALUES ('{state}', {epoch}) ON CONFLICT DO NOTHING;");
    run(&place.pool, &format!("making the schema {SCHEMA} on the {} side", side.name()), format!("{TABLES}{row}")).await
}

/// The old side's replication user is known on the new one: rights were granted to it where an attempt has come that far, and a dump
/// has them.
pub async fn known(old: &Place, new: &Place, names: &Names) -> DatabaseResult<()> {
    let what = "making the user for the replication known";
    let there = format!("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = {})", literal(&names.user));
    if one(&old.pool, what, there.as_str()).await? && !one::<bool>(&new.pool, what, there.as_str()).await? {
        let name = ident(&names.user);
        run(&new.pool, what, format!("CREATE ROLE {name}; GRANT {name} TO CURRENT_USER;")).await?;
    }
    Ok(())
}

/// Gives the replication user of `place` a new password, and makes it if need be. The server sees the password's verifier only, so its
/// log can't hold the password.
pub async fn replication_login(place: &Place, names: &Names) -> DatabaseResult<Login> {
    let what = "making the user for the replication";
    let login = Login { user: names.user.clone(), password: Secret::random() };
    let verifier = literal(&scram::verifier(&login.password));
    let name = ident(&login.user);
    let exists: bool = one(
        &place.pool,
        what,
        format!("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = {})", literal(&login.user)),
    )
    .await?;
    // RDS gives the right to replicate through a role of its own.
    let rds: bool =
        one(&place.pool, what, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_replication')").await?;
    let right = if rds { "" } else { "REPLICATION" };
    let grant =
        if rds { format!("GRANT rds_replication TO {name}; GRANT {name} TO CURRENT_USER;") } else { String::new() };
    // Who isn't a superuser may not change the password of one that replicates, but may make it anew.
    let (verb, before) = match (exists, rds) {
        (false, _) => ("CREATE", String::new()),
        (true, false) => ("ALTER", String::new()),
        (true, true) => ("CREATE", format!("DROP OWNED BY {name}; DROP ROLE {name};")),
    };
    let schemas: String = one(
        &place.pool,
        what,
        format!(
            "SELECT coalesce(string_agg(format('GRANT USAGE ON SCHEMA %1$I TO {name}; GRANT SELECT ON ALL TABLES IN SCHEMA %1$I TO {name};', \
             nspname), ' '), '') FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
        ),
    )
    .await?;
    let sql = format!("{before} {verb} ROLE {name} LOGIN {right} PASSWORD {verifier}; {grant} {schemas}");
    run(&place.pool, what, sql).await?;
    Ok(login)
}
