//! The city's users on the new side: their passwords as the hashes that the server stores, their rights on the city's database. Rights on the
//! whole server become rights on that database: RDS gives nobody more.

use super::connect::Place;
use super::control::Names;
use super::dialect::Family;
use super::sql::{column, ident, one, pattern, rows, run, run_on};
use crate::database::error::doing;
use crate::database::{DatabaseResult, Login};
use sqlx::Row;

/// What can be granted on a database.
const ON_DATABASE: [&str; 18] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "EXECUTE",
    "CREATE VIEW",
    "SHOW VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "EVENT",
    "TRIGGER",
];
/// The servers' own users.
const THEIRS: &str = "'root', 'mysql', 'mariadb.sys', 'mysql.sys', 'mysql.session', 'mysql.infoschema', 'debian-sys-maint', 'rdsadmin', 'rdsrepladmin',
    'rds_superuser_role', 'PUBLIC', ''";

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The users, who may do nothing yet.
    Users,
    /// What they may do.
    Rights,
}

struct User {
    name: String,
    host: String,
    role: bool,
}

impl User {
    fn account(&self) -> String {
        if self.role && self.host.is_empty() {
            ident(&self.name)
        } else {
            format!("{}@{}", ident(&self.name), ident(&self.host))
        }
    }
}

/// Whether we may make views, triggers and routines in the name of others.
pub async fn may_define(place: &Place) -> DatabaseResult<bool> {
    Ok(privileges(place)
        .await?
        .iter()
        .any(|one| matches!(one.as_str(), "SUPER" | "SET USER" | "SET_USER_ID" | "SET_ANY_DEFINER")))
}

/// Our own privileges on the whole server.
async fn privileges(place: &Place) -> DatabaseResult<Vec<String>> {
    let sql = "SELECT CONVERT(privilege_type USING utf8mb4) FROM information_schema.user_privileges WHERE REPLACE(grantee, '''', '') = CURRENT_USER()";
    column(&place.pool, &format!("asking for our rights {}", place.at()), sql).await
}

/// Makes the users that have rights on the city's database, and `service`, or gives them their rights. The service's may come from anywhere
/// there: its new network isn't the one that it was limited to.
pub async fn copy(old: &Place, new: &Place, names: &Names, service: &Login, part: Part) -> DatabaseResult<()> {
    let what = "copying the users";
    let mariadb = old.dialect().await?.family == Family::MariaDb;
    let found = users(old, names, what).await?;
    let mine: String = one(&new.pool, what, "SELECT CONVERT(CURRENT_USER() USING utf8mb4)").await?;
    let mut allowed = privileges(new).await?;
    allowed.retain(|one| ON_DATABASE.contains(&one.as_str()));
    let (mut connection, _) = new.connect().await?;
    let (mut reading, _) = old.connect().await?;
    if !mariadb {
        run_on(&mut reading, what, "SET SESSION print_identified_with_as_hex = ON").await?;
    }
    let limited = !found.iter().any(|user| user.name == service.user && user.host == "%");
    for user in found {
        if mine == format!("{}@{}", user.name, user.host) {
            continue;
        }
        let account = user.account();
        let from_anywhere = |sql: &str| {
            let anywhere = format!("{}@`%`", ident(&user.name));
            (limited && !user.role && user.name == service.user).then(|| sql.replacen(&account, &anywhere, 1))
        };
        let of = format!("{what}: {account}");
        let listed = rows(&old.pool, &of, format!("SHOW GRANTS FOR {account}")).await?;
        let lines: Vec<String> = listed.iter().filter_map(|row| row.try_get::<String, _>(0).ok()).collect();
        let grants: Vec<String> = lines.iter().filter_map(|line| translated(line, old.city(), &allowed)).collect();
        // Roles may be granted to whom we make.
        if grants.is_empty() && !user.role && user.name != service.user {
            continue;
        }
        if part == Part::Rights {
            for grant in grants {
                run_on(&mut connection, &of, grant.as_str()).await?;
                if let Some(grant) = from_anywhere(&grant) {
                    run_on(&mut connection, &of, grant).await?;
                }
            }
            continue;
        }
        let sql = if user.role && mariadb {
            format!("CREATE ROLE IF NOT EXISTS {account}")
        } else {
            let sql = format!("SHOW CREATE USER {account}");
            let created: String = match sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_one(&mut reading).await {
                Ok(row) => row.try_get(0).map_err(doing(of.clone()))?,
                Err(error) => return Err(doing(of)(error)),
            };
            created.replacen("CREATE USER", "CREATE USER IF NOT EXISTS", 1)
        };
        run_on(&mut connection, &of, sql.as_str()).await?;
        if let Some(sql) = from_anywhere(&sql) {
            run_on(&mut connection, &of, sql).await?;
        }
    }
    Ok(())
}

/// The users of a side that may move, roles first.
async fn users(place: &Place, names: &Names, what: &str) -> DatabaseResult<Vec<User>> {
    let mariadb = place.dialect().await?.family == Family::MariaDb;
    let role = if mariadb { "is_role = 'Y'" } else { "account_locked = 'Y' AND authentication_string = ''" };
    let users = format!(
        "SELECT CONVERT(user USING utf8mb4), CONVERT(host USING utf8mb4), CAST({role} AS SIGNED) FROM mysql.user
         WHERE user NOT IN ({THEIRS}) AND user NOT IN ('{}') ORDER BY 3 DESC, 1, 2",
        names.users().join("', '")
    );
    let found: Vec<(String, String, i64)> =
        sqlx::query_as(sqlx::AssertSqlSafe(users)).fetch_all(&place.pool).await.map_err(doing(what))?;
    Ok(found.into_iter().map(|(name, host, role)| User { name, host, role: role != 0 }).collect())
}

/// Takes those that the old side has away from the new one, but for ourselves.
pub async fn forget(old: &Place, new: &Place, names: &Names) -> DatabaseResult<()> {
    let what = "removing the users on the new side";
    let mariadb = new.dialect().await?.family == Family::MariaDb;
    for user in users(old, names, what).await?.iter().filter(|user| user.name != new.access.login.user) {
        let kind = if user.role && mariadb { "ROLE" } else { "USER" };
        let anywhere = if user.role { String::new() } else { format!(", {}@`%`", ident(&user.name)) };
        run(&new.pool, what, format!("DROP {kind} IF EXISTS {}{anywhere}", user.account())).await?;
    }
    Ok(())
}

/// A line of SHOW GRANTS as it is granted on the new side; `None`: it isn't about the city's database.
fn translated(line: &str, city: &str, allowed: &[String]) -> Option<String> {
    let rest = line.strip_prefix("GRANT ")?;
    let Some((rights, rest)) = rest.split_once(" ON ") else {
        // A role.
        return Some(line.to_owned());
    };
    let (on, to) = rest.split_once(" TO ")?;
    // MariaDB repeats the password's hash here.
    let grantable = if to.contains(" WITH GRANT OPTION") { " WITH GRANT OPTION" } else { "" };
    let to = to
        .split(" IDENTIFIED ")
        .next()
        .and_then(|to| to.split(" REQUIRE ").next())
        .map(|to| to.replace(" WITH GRANT OPTION", ""))?;
    let whole = on == "*.*" || [ident(city), pattern(city)].iter().any(|name| on == format!("{name}.*"));
    if !whole {
        let single = on.contains(&format!("{}.", ident(city)));
        return single.then(|| format!("GRANT {rights} ON {on} TO {to}{grantable}"));
    }
    let all = rights.starts_with("ALL PRIVILEGES");
    let kept: Vec<&str> =
        allowed.iter().map(String::as_str).filter(|one| all || rights.split(", ").any(|right| right == *one)).collect();
    let rights = kept.join(", ");
    (!kept.is_empty()).then(|| format!("GRANT {rights} ON {}.* TO {to}{grantable}", pattern(city)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_on_the_server_become_rights_on_the_database_and_others_stay_behind() {
        let allowed = ["SELECT", "INSERT"].map(str::to_owned);
        let on_city = |text: &str| Some(text.to_owned());
        let all = "GRANT ALL PRIVILEGES ON *.* TO `bikes`@`%` IDENTIFIED BY PASSWORD '*AB' WITH GRANT OPTION";
        assert_eq!(
            translated(all, "bikes", &allowed),
            on_city("GRANT SELECT, INSERT ON `bikes`.* TO `bikes`@`%` WITH GRANT OPTION")
        );
        let some = "GRANT SELECT, RELOAD, PROCESS ON *.* TO `m`@`10.%`";
        assert_eq!(translated(some, "bikes", &allowed), on_city("GRANT SELECT ON `bikes`.* TO `m`@`10.%`"));
        assert_eq!(translated("GRANT USAGE ON *.* TO `m`@`%`", "bikes", &allowed), None);
        assert_eq!(translated("GRANT SELECT ON `other`.* TO `m`@`%`", "bikes", &allowed), None);
        let view = "GRANT SELECT ON `bikes`.`occupancy` TO `report`";
        assert_eq!(translated(view, "bikes", &allowed), on_city(view));
        let role = "GRANT `report` TO `m`@`%`";
        assert_eq!(translated(role, "bikes", &allowed), on_city(role));
    }
}
