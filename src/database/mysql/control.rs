//! What the move itself keeps on the servers: a database beside the city's with the gate's rows and the marks, and three users.

use super::connect::Place;
use super::sql::{column, ident, literal, one, pattern, run, run_on};
use crate::database::error::doing;
use crate::database::{DatabaseError, DatabaseResult, Login, Secret, Side};

/// Hours that RDS keeps its log for the side that follows it: a week, the most that it can be told.
const LOG_HOURS: u32 = 168;

/// Names for a move: a server's users and databases are known to all of it.
pub struct Names {
    /// The database of the move.
    pub database: String,
    /// In whose name the gate's triggers look at it. Nobody can log in as this one.
    pub keeper: String,
    base: String,
}

impl Names {
    /// The names for a move of `database`. MySQL's users have 32 characters at most.
    pub fn new(database: &str) -> Self {
        let plain: String = database.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(18).collect();
        let base = format!("migrate_{plain}");
        Self { database: base.clone(), keeper: base.clone(), base }
    }

    /// The user that the other server logs in as to follow `side`.
    pub fn follower(&self, side: Side) -> String {
        format!("{}_{}", self.base, side.name())
    }

    /// A table of the move.
    pub fn table(&self, name: &str) -> String {
        format!("{}.{name}", ident(&self.database))
    }

    /// All users of the move.
    pub fn users(&self) -> [String; 3] {
        [self.keeper.clone(), self.follower(Side::Old), self.follower(Side::New)]
    }
}

/// What this server answers when it is asked who it is.
pub async fn identity(place: &Place) -> DatabaseResult<String> {
    let expression = place.dialect().await?.identity();
    one(
        &place.pool,
        &format!("asking who the server {} is", place.at()),
        format!("SELECT CONVERT({expression} USING utf8mb4)"),
    )
    .await
}

/// Makes it on one side. The old side's gate is open, the new side's waits for the first handing over.
///
/// Both sides hold both rows. Each server writes only its own one, and replication brings it to the other: so what has been handed over
/// arrives behind everything that was written.
pub async fn prepare(place: &Place, names: &Names, old: &str, new: &str) -> DatabaseResult<()> {
    let what = format!("making the database {} {}", names.database, place.at());
    let [gate, mark, copied, piece] = ["gate", "mark", "copied", "piece"].map(|name| names.table(name));
    let tables = format!(
        "CREATE DATABASE IF NOT EXISTS {};
         CREATE TABLE IF NOT EXISTS {gate} (
           server varchar(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, side varchar(3) NOT NULL UNIQUE,
           state varchar(8) NOT NULL CHECK (state IN ('open', 'frozen', 'waiting', 'given')), until datetime(6),
           epoch bigint NOT NULL, handover bigint) ENGINE = InnoDB;
         CREATE TABLE IF NOT EXISTS {mark} (side varchar(3) PRIMARY KEY, id bigint NOT NULL) ENGINE = InnoDB;
         CREATE TABLE IF NOT EXISTS {copied} (single int PRIMARY KEY, file varchar(512) NOT NULL, at bigint NOT NULL, gtid text NOT NULL,
           done boolean NOT NULL) ENGINE = InnoDB;
         CREATE TABLE IF NOT EXISTS {piece} (name varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, n int NOT NULL,
           above text CHARACTER SET utf8mb4, through text CHARACTER SET utf8mb4, bytes bigint, PRIMARY KEY (name, n)) ENGINE = InnoDB;
         INSERT IGNORE INTO {mark} VALUES ('old', 0), ('new', 0);
         INSERT IGNORE INTO {gate} VALUES ({}, 'old', 'open', NULL, 0, NULL), ({}, 'new', 'waiting', NULL, 1, NULL);",
        ident(&names.database),
        literal(old),
        literal(new),
    );
    run(&place.pool, &what, tables).await?;
    itself(place, names).await?;
    let keeper = format!("{}@'%'", literal(&names.keeper));
    let user = format!(
        "CREATE USER IF NOT EXISTS {keeper} {} ACCOUNT LOCK; GRANT SELECT ON {}.* TO {keeper}; GRANT TRIGGER ON {}.* TO {keeper}",
        identified(place, &Secret::random()).await?,
        pattern(&names.database),
        pattern(place.city()),
    );
    run(&place.pool, &format!("making the user {} {}", names.keeper, place.at()), user).await?;
    if let Some(keep) = place.dialect().await?.keep_log(Some(LOG_HOURS)) {
        run(&place.pool, &format!("having the log kept {}", place.at()), keep).await?;
    }
    Ok(())
}

/// Refuses if the gate's row is another server's: the triggers would find none, and refuse every write.
pub async fn itself(place: &Place, names: &Names) -> DatabaseResult<()> {
    let what = format!("looking for the gate {}", place.at());
    let sql = format!(
        "SELECT CONVERT(server USING utf8mb4) FROM {} WHERE side = '{}'",
        names.table("gate"),
        place.side.name()
    );
    let (known, is): (Vec<String>, String) = (column(&place.pool, &what, sql).await?, identity(place).await?);
    if known == [is.clone()] {
        return Ok(());
    }
    Err(DatabaseError::Refused(format!(
        "the server {} calls itself {is}, and the move began with {}: was it restored, or its server id changed?",
        place.at(),
        known.join(", ")
    )))
}

async fn identified(place: &Place, password: &Secret) -> DatabaseResult<String> {
    let dialect = place.dialect().await?;
    let hash: String = match dialect.hash() {
        None => String::new(),
        Some(sql) => sqlx::query_scalar(sql)
            .bind(password.reveal())
            .fetch_one(&place.pool)
            .await
            .map_err(doing("hashing a password"))?,
    };
    Ok(dialect.identified(password.reveal(), &hash))
}

/// Gives the user by which `place` is followed a new password, and makes it if need be.
pub async fn replication_login(place: &Place, names: &Names, tls: bool) -> DatabaseResult<Login> {
    let login = Login { user: names.follower(place.side), password: Secret::random() };
    let (user, identified) = (format!("{}@'%'", literal(&login.user)), identified(place, &login.password).await?);
    let require = if tls { "SSL" } else { "NONE" };
    let sql = format!(
        "CREATE USER IF NOT EXISTS {user} {identified}; ALTER USER {user} {identified} REQUIRE {require}; GRANT REPLICATION SLAVE ON *.* TO {user}"
    );
    let (mut connection, _) = place.connect().await?;
    run_on(&mut connection, &format!("making the user {} {}", login.user, place.at()), sql).await?;
    Ok(login)
}
