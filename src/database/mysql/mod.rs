//! MySQL and MariaDB: replication by the servers' logs both ways, and a gate of triggers.

mod checks;
mod compare;
mod connect;
mod control;
mod copy;
mod counters;
pub(in crate::database) mod dialect;
mod freeze;
mod gate;
mod log;
pub(in crate::database) mod requirements;
mod roles;
mod schema;
pub(in crate::database) mod scope;
mod smoke;
mod sql;
mod stream;
mod tables;
mod tidy;

use super::assess::{Assessment, of_mysql};
use super::engine::{Compared, Following, Gate, Tell};
use super::verify::Marks;
use super::{Access, DatabaseError, DatabaseResult, Engine, Login, Network, Side};
use async_trait::async_trait;
use compare::Comparison;
use connect::Place;
use control::Names;
use freeze::Freezing;
use roles::Part;
use sqlx::MySqlConnection;
use std::time::Duration;
use stream::Ends;
use tokio::sync::Mutex;

/// A move between two servers.
pub struct MySql {
    old: Place,
    new: Place,
    /// The service's own user, on both sides.
    service: Login,
    names: Names,
    network: Network,
    /// A freeze that waits for those who had written.
    freezing: Mutex<Option<Freezing>>,
    /// What was compared before the freeze.
    comparison: Mutex<Option<Comparison>>,
    /// Keeps the tables of the side that serves as they are defined, from the last comparison until nothing of it is followed any more.
    pinned: Mutex<Option<MySqlConnection>>,
}

impl MySql {
    /// Makes no connection yet.
    ///
    /// # Errors
    /// A tunnel that can't be opened.
    pub fn new(old: Access, new: Access, service: Login, network: Network) -> DatabaseResult<Self> {
        Ok(Self {
            names: Names::new(&old.server.database),
            old: Place::new(old, Side::Old, &network)?,
            new: Place::new(new, Side::New, &network)?,
            service,
            network,
            freezing: Mutex::default(),
            comparison: Mutex::default(),
            pinned: Mutex::default(),
        })
    }

    fn place(&self, side: Side) -> &Place {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// The stream that leaves `side`.
    fn stream(&self, side: Side) -> Ends<'_> {
        Ends { from: self.place(side), to: self.place(side.other()), names: &self.names, network: &self.network }
    }

    async fn copy_users(&self, part: Part) -> DatabaseResult<()> {
        roles::copy(&self.old, &self.new, &self.names, &self.service, part).await
    }
}

#[async_trait]
impl Engine for MySql {
    async fn assess(&self, both: bool, sample: Option<Duration>) -> DatabaseResult<Assessment> {
        Ok(of_mysql(&self.old.pool, both.then_some(&self.new.pool), sample).await?)
    }

    async fn prepare(&self) -> DatabaseResult<()> {
        checks::settings_fit(&self.old, &self.new).await?;
        checks::movable(&self.old).await?;
        if self.gate(Side::New).await? == Gate::None {
            checks::no_rows(&self.new).await?;
        }
        let (old, new) = (control::identity(&self.old).await?, control::identity(&self.new).await?);
        control::prepare(&self.old, &self.names, &old, &new).await?;
        control::prepare(&self.new, &self.names, &old, &new).await
    }

    async fn roles(&self) -> DatabaseResult<()> {
        self.copy_users(Part::Users).await
    }

    async fn schema(&self) -> DatabaseResult<()> {
        schema::copy(&self.old, &self.new, &self.names).await
    }

    /// The rows are copied here and now: it is this process that carries them.
    async fn follow(&self, tell: Tell<'_>) -> DatabaseResult<()> {
        let stream = self.stream(Side::Old);
        if stream.status().await?.is_some() {
            return Ok(());
        }
        stream.begin(&copy::copy(&self.old, &self.new, &self.names, &self.network, tell).await?).await
    }

    async fn following(&self, from: Side) -> DatabaseResult<Following> {
        self.stream(from).following().await
    }

    async fn indexes(&self) -> DatabaseResult<()> {
        schema::indexes(&self.old, &self.new).await?;
        schema::triggers(&self.old, &self.new).await
    }

    async fn analyse(&self) -> DatabaseResult<()> {
        let tables = tables::all(&self.new).await?;
        let list: Vec<String> = tables.iter().map(|table| sql::ident(table)).collect();
        sql::run(
            &self.new.pool,
            "analysing the new side",
            format!("ANALYZE NO_WRITE_TO_BINLOG TABLE {}", list.join(", ")),
        )
        .await
    }

    /// On the old side: they reach the new one by replication. Nobody gets in there before they have: whoever strays to the new side must
    /// not write.
    async fn gates(&self) -> DatabaseResult<()> {
        gate::install(&self.old, &self.names).await?;
        gate::arrived(&self.new).await?;
        self.copy_users(Part::Rights).await
    }

    async fn same_schema(&self) -> DatabaseResult<()> {
        tables::same(&self.old, &self.new).await
    }

    async fn compare_all(&self, tell: Tell<'_>) -> DatabaseResult<Compared> {
        compare::all(&self.stream(Side::Old), tell).await
    }

    async fn gate(&self, side: Side) -> DatabaseResult<Gate> {
        gate::read(self.place(side), &self.names).await
    }

    async fn ready(&self, from: Side, tell: Tell<'_>) -> DatabaseResult<()> {
        let (forward, back) = (self.stream(from), self.stream(from.other()));
        if self.gate(from.other()).await?.serves() {
            return Err(DatabaseError::Refused(format!("the {} side serves already", from.other().name())));
        }
        checks::settings_fit(&self.old, &self.new).await?;
        for side in [Side::Old, Side::New] {
            control::itself(self.place(side), &self.names).await?;
            checks::nothing_prepared(self.place(side)).await?;
        }
        let following = forward.following().await?;
        if let Some(trouble) = following.trouble {
            return Err(DatabaseError::Refused(trouble));
        }
        self.same_schema().await?;
        for side in [Side::Old, Side::New] {
            if let Some((table, _)) = gate::missing(self.place(side)).await?.first() {
                return Err(DatabaseError::Refused(format!(
                    "the table {table} has no gate on the {} side",
                    side.name()
                )));
            }
        }
        back.end().await?;
        counters::ahead(forward.from, forward.to).await?;
        // From now on: what the other side has written before it served is no concern of this one.
        back.begin(&back.now().await?).await?;
        gate::await_handover(forward.from, forward.to, &self.names).await?;
        *self.comparison.lock().await = Some(compare::begin(&forward, tell).await?);
        futures_util::future::try_join(self.old.warm(), self.new.warm()).await.map(drop)
    }

    async fn freeze(&self, from: Side, length: Duration) -> DatabaseResult<()> {
        *self.freezing.lock().await = freeze::freeze(self.place(from), &self.names, length).await?;
        Ok(())
    }

    async fn quiet(&self, from: Side, now: bool) -> DatabaseResult<bool> {
        let mut freezing = self.freezing.lock().await;
        let settled = match &mut *freezing {
            None => true,
            Some(freezing) => freezing.settled(self.place(from), now).await?,
        };
        if settled {
            *freezing = None;
        }
        Ok(settled)
    }

    async fn mark(&self, from: Side) -> DatabaseResult<String> {
        self.stream(from).mark().await
    }

    async fn applied(&self, from: Side, mark: &str) -> DatabaseResult<bool> {
        self.stream(from).arrived(mark).await
    }

    async fn counters(&self, from: Side) -> DatabaseResult<()> {
        counters::carry(self.place(from), self.place(from.other())).await
    }

    async fn compare_changed(&self, from: Side) -> DatabaseResult<Compared> {
        // What came before is in the log, which is read now.
        *self.pinned.lock().await = Some(freeze::pin(self.place(from)).await?);
        match &mut *self.comparison.lock().await {
            Some(comparison) => comparison.complete(&self.stream(from)).await,
            None => Err(DatabaseError::Refused("nothing was compared before the freeze".into())),
        }
    }

    /// It runs already; what matters is that it does.
    async fn arm(&self, from: Side) -> DatabaseResult<()> {
        let back = self.stream(from.other());
        if !back.status().await?.is_some_and(|status| status.runs()) {
            return Err(DatabaseError::Refused(format!(
                "the {} side doesn't follow the other one: no way back",
                from.name()
            )));
        }
        // Nobody has to wait for what the log says has not been touched.
        let changed = self.comparison.lock().await.as_ref().is_none_or(|comparison| comparison.schema);
        if changed { self.same_schema().await } else { Ok(()) }
    }

    async fn hand_over(&self, from: Side, margin: Duration) -> DatabaseResult<()> {
        freeze::hand_over(self.place(from), &self.names, margin).await
    }

    async fn received(&self, from: Side) -> DatabaseResult<bool> {
        Ok(self.gate(from.other()).await?.serves())
    }

    async fn open(&self, from: Side) -> DatabaseResult<()> {
        gate::open(self.place(from), self.place(from.other()), &self.names).await
    }

    async fn thaw(&self, from: Side) -> DatabaseResult<()> {
        if let Some(freezing) = self.freezing.lock().await.take() {
            freezing.give_up(self.place(from)).await?;
        }
        *self.pinned.lock().await = None;
        freeze::thaw(self.place(from), &self.names).await
    }

    async fn unready(&self, from: Side) -> DatabaseResult<()> {
        *self.comparison.lock().await = None;
        // What comes back while this side serves is nothing that counts.
        if self.gate(from).await?.serves() { self.stream(from.other()).end().await } else { Ok(()) }
    }

    async fn retire(&self, from: Side) -> DatabaseResult<()> {
        self.open(from).await?;
        gate::send_away(self.place(from), &self.names).await?;
        self.stream(from).end().await?;
        *self.pinned.lock().await = None;
        Ok(())
    }

    async fn smoke(&self, side: Side, write: bool) -> DatabaseResult<()> {
        smoke::test(self.place(side), &self.service, write).await
    }

    async fn tidy(&self, side: Side) -> DatabaseResult<()> {
        self.stream(side.other()).end().await?;
        tidy::tidy(self.place(side), &self.names).await
    }

    async fn remains(&self, side: Side) -> DatabaseResult<Vec<String>> {
        let follows = self.stream(side.other()).status().await?.map(|_| "replication from the other side".to_owned());
        Ok(follows.into_iter().chain(tidy::remains(self.place(side), &self.names).await?).collect())
    }

    async fn reopen(&self, side: Side) -> DatabaseResult<()> {
        tidy::reopen(self.place(side), &self.names).await
    }

    async fn empty(&self) -> DatabaseResult<()> {
        gate::send_away(&self.new, &self.names).await?;
        roles::forget(&self.old, &self.new, &self.names).await?;
        tidy::empty(&self.new).await
    }
}
