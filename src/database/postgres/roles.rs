//! Users and groups of the old side on the new one: attributes, settings, memberships, rights on the database. Passwords go over as the
//! verifiers that the server stores, where they can be read; the service's own is known anyway.

use super::connect::Place;
use super::scram;
use super::sql::{code, column, ident, literal, one, run};
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult, Login};

struct Role {
    name: String,
    login: bool,
    attributes: String,
    verifier: Option<String>,
    settings: Vec<String>,
}

type Row = (String, bool, String, Option<String>, Vec<String>);

/// Not the server's own, and not the replication user.
const OURS: &str = "rolname !~ '^pg_' AND rolname !~ '^rds' AND rolname !~ '^migrate_'";

/// Makes them; they can't log in yet. `service` is the user whose password is known.
pub async fn copy(old: &Place, new: &Place, service: &Login) -> DatabaseResult<()> {
    let what = "copying the users";
    let readable: bool = one(&old.pool, what, "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')").await?;
    let (catalogue, verifier) = if readable { ("pg_authid", "rolpassword") } else { ("pg_roles", "NULL::text") };
    let sql = format!(
        "SELECT rolname::text AS name, rolcanlogin AS login,
           concat_ws(' ', 'NOLOGIN', CASE WHEN NOT rolinherit THEN 'NOINHERIT' END,
             CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
             CASE WHEN rolconnlimit >= 0 THEN 'CONNECTION LIMIT ' || rolconnlimit END) AS attributes,
           {verifier} AS verifier,
           coalesce((SELECT setconfig FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0), '{{}}') AS settings
         FROM {catalogue} r WHERE {OURS} ORDER BY 1"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_all(&old.pool)
        .await
        .map_err(doing("reading the users of the old side"))?;
    let roles = rows.into_iter().map(|(name, login, attributes, verifier, settings)| Role {
        name,
        login,
        attributes,
        verifier,
        settings,
    });
    let there: Vec<String> = column(&new.pool, what, "SELECT rolname::text FROM pg_roles").await?;
    let me: String = one(&new.pool, what, "SELECT current_user::text").await?;
    let superuser: bool = one(&new.pool, what, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").await?;
    for role in roles.filter(|role| !there.contains(&role.name)) {
        let name = ident(&role.name);
        let verifier = match &role.verifier {
            Some(verifier) => Some(verifier.clone()),
            None if role.name == service.user => Some(scram::verifier(&service.password)),
            None => None,
        };
        let password =
            verifier.filter(|_| role.login).map(|text| format!("PASSWORD {}", literal(&text))).unwrap_or_default();
        let mut sql = format!("CREATE ROLE {name} {} {password};", role.attributes);
        for (key, value) in role.settings.iter().filter_map(|setting| setting.split_once('=')) {
            sql += &format!("ALTER ROLE {name} SET {} TO {};", ident(key), literal(value));
        }
        if !superuser {
            // What they own is made in their names, and applied in their names.
            sql += &format!("GRANT {name} TO {};", ident(&me));
        }
        run(&new.pool, &format!("{what}: {}", role.name), sql).await?;
    }
    let grants = column::<String>(&old.pool, what, rights(&new.access.server.database)).await?.join(" ");
    run(&new.pool, "copying memberships and rights on the database", grants).await
}

/// Lets those log in who may on the old side.
pub async fn let_in(old: &Place, new: &Place) -> DatabaseResult<()> {
    let what = "letting the users in";
    let sql = format!("SELECT format('ALTER ROLE %I LOGIN;', rolname) FROM pg_roles WHERE rolcanlogin AND {OURS}");
    let there = "SELECT format('ALTER ROLE %I LOGIN;', rolname) FROM pg_roles WHERE NOT rolcanlogin";
    let waiting: Vec<String> = column(&new.pool, what, there).await?;
    let mut wanted: Vec<String> = column(&old.pool, what, sql).await?;
    wanted.retain(|one| waiting.contains(one));
    run(&new.pool, what, wanted.join(" ")).await
}

/// Takes those that the old side has away from the new one, but for ourselves, and whoever owns anything else there.
pub async fn forget(old: &Place, new: &Place) -> DatabaseResult<()> {
    let what = "removing the users on the new side";
    let names: Vec<String> =
        column(&old.pool, what, format!("SELECT rolname::text FROM pg_roles WHERE {OURS}")).await?;
    for name in names.iter().filter(|name| **name != new.access.login.user) {
        match run(&new.pool, what, format!("DROP ROLE IF EXISTS {}", ident(name))).await {
            Err(DatabaseError::Sql { source, .. }) if matches!(code(&source).as_str(), "2BP01" | "42501") => {}
            done => done?,
        }
    }
    Ok(())
}

/// Memberships, and who may connect to the database, make schemas in it, or own it.
fn rights(database: &str) -> String {
    let database = literal(database);
    format!(
        "SELECT format('GRANT %I TO %I%s;', g.rolname, m.rolname, CASE WHEN a.admin_option THEN ' WITH ADMIN OPTION' END)
         FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
         WHERE m.{OURS} AND (g.{OURS} OR g.rolname ~ '^pg_(read|write|monitor|signal)')
         UNION ALL
         SELECT format('GRANT %s ON DATABASE %I TO %s;', p.privilege_type, {database}, CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END)
         FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) p LEFT JOIN pg_roles r ON r.oid = p.grantee
         WHERE d.datname = current_database() AND (p.grantee = 0 OR r.{OURS})
         UNION ALL
         SELECT format('ALTER DATABASE %I OWNER TO %I;', {database}, r.rolname)
         FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database() AND r.{OURS}"
    )
    .replace(&format!("m.{OURS}"), &OURS.replace("rolname", "m.rolname"))
    .replace(&format!("g.{OURS}"), &OURS.replace("rolname", "g.rolname"))
    .replace(&format!("r.{OURS}"), &OURS.replace("rolname", "r.rolname"))
}
