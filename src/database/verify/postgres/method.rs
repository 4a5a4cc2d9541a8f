//! How rows become text and text becomes a hash, so that two servers agree whatever their versions and settings are.

use crate::database::verify::VerifyResult;
use crate::database::verify::error::reading;
use sqlx::{AssertSqlSafe, PgPool, PgTransaction};

/// What two servers have agreed upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Method {
    /// The hash.
    pub hash: Hash,
    /// PostgreSQL 12 changed how it prints floating-point numbers. With one server on either side of that their bytes are hashed; inside
    /// arrays and composite types they are printed with the 15 digits that both print alike.
    pub float_bytes: bool,
}

/// Text to 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    /// The server's own, which is fastest. It may differ between versions and processors, so it is used if a probe agrees.
    Own,
    /// Half of MD5.
    Md5,
    /// The same, of the text in UTF-8: for databases whose encodings differ.
    Md5Utf8,
}

impl Hash {
    /// The SQL for the hash of `text`.
    pub fn of(self, text: &str, seed: u8) -> String {
        match self {
            Self::Own => format!("hashtextextended({text} COLLATE \"C\", {seed})"),
            Self::Md5 => format!("('x' || left(md5({text}), 16))::bit(64)::int8"),
            Self::Md5Utf8 => format!("('x' || left(md5(convert_to({text}, 'UTF8')), 16))::bit(64)::int8"),
        }
    }
}

/// What a server says of itself.
struct Says {
    version: i32,
    encoding: String,
    probe: Option<String>,
}

impl Method {
    /// What these two can agree upon.
    pub async fn agree(source: &PgPool, target: &PgPool) -> VerifyResult<Self> {
        let (source, target) = tokio::try_join!(ask(source, "source"), ask(target, "target"))?;
        let hash = if source.encoding != target.encoding {
            Hash::Md5Utf8
        } else if source.probe.is_some() && source.probe == target.probe {
            Hash::Own
        } else {
            Hash::Md5
        };
        Ok(Self { hash, float_bytes: (source.version < 120_000) != (target.version < 120_000) })
    }

    /// A read-only transaction in which this server prints as the other one does. It leaves no setting behind.
    pub async fn begin(self, pool: &PgPool, side: &str) -> VerifyResult<PgTransaction<'static>> {
        let digits = if self.float_bytes { 0 } else { 1 };
        let sql = format!(
            "BEGIN READ ONLY; SET LOCAL search_path = pg_catalog; SET LOCAL \"DateStyle\" = 'ISO, YMD';
             SET LOCAL \"IntervalStyle\" = postgres; SET LOCAL \"TimeZone\" = 'UTC'; SET LOCAL extra_float_digits = {digits};
             SET LOCAL bytea_output = hex; SET LOCAL lc_monetary = 'C'; SET LOCAL quote_all_identifiers = off;
             SET LOCAL row_security = off; SET LOCAL statement_timeout = 0; SET LOCAL jit = off"
        );
        // `jit` came with PostgreSQL 11, like the hash; older servers get on without it.
        let sql = if self.float_bytes { sql.replace("; SET LOCAL jit = off", "") } else { sql };
        pool.begin_with(AssertSqlSafe(sql)).await.map_err(reading(format!("opening a transaction on the {side}")))
    }
}

/// A read-only transaction that takes the time it needs, whatever the database's own limit for a statement is.
pub(super) async fn patient(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    pool.begin_with("BEGIN READ ONLY; SET LOCAL statement_timeout = 0").await
}

async fn ask(pool: &PgPool, side: &str) -> VerifyResult<Says> {
    let what = || reading(format!("asking the {side} for its version"));
    let mut transaction = patient(pool).await.map_err(what())?;
    let (version, encoding): (i32, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::int4, pg_encoding_to_char(encoding)::text
         FROM pg_database WHERE datname = current_database()",
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(what())?;
    // Every length up to 64, with bytes above 127: the hash goes over its text in steps of 12 bytes and treats the rest by itself.
    let probe = match version {
        110_000.. => sqlx::query_scalar(
            "SELECT string_agg(hashtextextended(left(repeat('Malmö–7', 16), n) COLLATE \"C\", 0)::text, ',' ORDER BY n)
             FROM generate_series(0, 64) n",
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(what())?,
        _ => None,
    };
    Ok(Says { version, encoding, probe })
}
