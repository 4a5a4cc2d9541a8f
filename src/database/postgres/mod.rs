//! PostgreSQL: logical replication both ways, and a gate of triggers.

mod compare;
mod connect;
mod control;
mod counters;
mod following;
mod gate;
mod kept;
mod roles;
mod schema;
pub mod scram;
mod slots;
mod smoke;
mod sql;
mod stream;
mod tables;
mod tidy;
mod tools;

use super::assess::{Assessment, of_postgres};
use super::engine::{Compared, Following, Gate, Tell};
use super::verify::Marks;
use super::{Access, DatabaseError, DatabaseResult, Engine, Login, Network, Side};
use async_trait::async_trait;
use compare::Comparison;
use connect::Place;
use control::Names;
use schema::{Copying, Part};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use stream::Ends;

/// A move between two PostgreSQL servers.
pub struct Postgres {
    old: Place,
    new: Place,
    /// The service's own user, on both sides.
    service: Login,
    names: Names,
    network: Network,
    /// What ran when the side was frozen.
    before: Mutex<Option<Vec<String>>>,
    /// What was compared before the freeze.
    comparison: tokio::sync::Mutex<Option<Comparison>>,
}

impl Postgres {
    /// Makes no connection yet.
    ///
    /// # Errors
    /// A tunnel that can't be opened.
    pub fn new(old: Access, new: Access, service: Login, network: Network) -> DatabaseResult<Self> {
        Ok(Self {
            names: Names::new(&old.server.database),
            old: Place::new(old, &network)?,
            new: Place::new(new, &network)?,
            service,
            network,
            before: Mutex::default(),
            comparison: tokio::sync::Mutex::default(),
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
        Ends { from: self.place(side), to: self.place(side.other()), side, names: &self.names, network: &self.network }
    }

    fn copying(&self) -> Copying<'_> {
        Copying { old: &self.old, new: &self.new, network: &self.network }
    }
}

#[async_trait]
impl Engine for Postgres {
    async fn assess(&self, both: bool, sample: Option<Duration>) -> DatabaseResult<Assessment> {
        Ok(of_postgres(&self.old.pool, both.then_some(&self.new.pool), sample).await?)
    }

    async fn prepare(&self) -> DatabaseResult<()> {
        tables::all_identified(&self.old.pool).await?;
        if gate::read(&self.new, Side::New).await? == Gate::None {
            tables::none_has_rows(&self.new.pool).await?;
        }
        control::prepare(&self.old, Side::Old).await?;
        control::prepare(&self.new, Side::New).await
    }

    async fn roles(&self) -> DatabaseResult<()> {
        roles::copy(&self.old, &self.new, &self.service).await?;
        control::known(&self.old, &self.new, &self.names).await
    }

    async fn schema(&self) -> DatabaseResult<()> {
        self.copying().restore(Part::Tables).await?;
        // Nobody gets in before the gate stands: whoever strays to the new side must not write there.
        gate::install(&self.new, Side::New).await?;
        roles::let_in(&self.old, &self.new).await
    }

    async fn follow(&self, _: Tell<'_>) -> DatabaseResult<()> {
        let stream = self.stream(Side::Old);
        stream.publish(true).await?;
        stream.begin().await
    }

    async fn following(&self, from: Side) -> DatabaseResult<Following> {
        self.stream(from).following().await
    }

    async fn indexes(&self) -> DatabaseResult<()> {
        self.copying().restore(Part::Rest).await
    }

    async fn analyse(&self) -> DatabaseResult<()> {
        self.copying().analyse().await
    }

    async fn gates(&self) -> DatabaseResult<()> {
        gate::install(&self.new, Side::New).await?;
        gate::install(&self.old, Side::Old).await
    }

    async fn same_schema(&self) -> DatabaseResult<()> {
        self.copying().same().await
    }

    async fn compare_all(&self, tell: Tell<'_>) -> DatabaseResult<Compared> {
        compare::all(&self.stream(Side::Old), tell).await
    }

    async fn gate(&self, side: Side) -> DatabaseResult<Gate> {
        gate::read(self.place(side), side).await
    }

    async fn ready(&self, from: Side, tell: Tell<'_>) -> DatabaseResult<()> {
        let (forward, back) = (self.stream(from), self.stream(from.other()));
        gate::await_handover(self.place(from), self.place(from.other()), from).await?;
        gate::nothing_prepared(self.place(from), from).await?;
        let following = forward.following().await?;
        if let Some(trouble) = following.trouble {
            return Err(DatabaseError::Refused(trouble));
        }
        if !following.copied() {
            return Err(DatabaseError::Refused(format!("{} of {} tables follow", following.tables, following.of)));
        }
        self.same_schema().await?;
        // Tables that were made on both sides since have no gate yet.
        self.gates().await?;
        forward.sweep().await?;
        back.sweep().await?;
        gate::no_long_writers(self.place(from.other()), from.other()).await?;
        back.prepare().await?;
        gate::no_long_writers(self.place(from), from).await?;
        *self.comparison.lock().await = Some(compare::begin(&forward, tell).await?);
        futures_util::future::try_join(self.old.warm(), self.new.warm()).await.map(drop)
    }

    async fn freeze(&self, from: Side, length: Duration) -> DatabaseResult<()> {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = None;
        gate::freeze(self.place(from), from, length).await
    }

    async fn quiet(&self, from: Side, now: bool) -> DatabaseResult<bool> {
        let place = self.place(from);
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let left = match before {
            None => gate::running(place).await?,
            Some(before) => gate::still_running(place, &before, now).await?,
        };
        let quiet = left.is_empty();
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        if quiet {
            gate::nothing_prepared(place, from).await?;
        }
        Ok(quiet)
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
        match &mut *self.comparison.lock().await {
            Some(comparison) => compare::complete(&self.stream(from), comparison).await,
            None => Err(DatabaseError::Refused("nothing was compared before the freeze".into())),
        }
    }

    async fn arm(&self, from: Side) -> DatabaseResult<()> {
        self.same_schema().await?;
        self.stream(from.other()).arm().await
    }

    async fn hand_over(&self, from: Side, margin: Duration) -> DatabaseResult<()> {
        gate::hand_over(self.place(from), from, &self.names, margin).await
    }

    async fn received(&self, from: Side) -> DatabaseResult<bool> {
        Ok(self.gate(from.other()).await?.serves())
    }

    async fn open(&self, from: Side) -> DatabaseResult<()> {
        gate::open(self.place(from), self.place(from.other()), from.other()).await
    }

    async fn thaw(&self, from: Side) -> DatabaseResult<()> {
        gate::thaw(self.place(from), from).await
    }

    async fn unready(&self, from: Side) -> DatabaseResult<()> {
        *self.comparison.lock().await = None;
        compare::end(&self.stream(from)).await
    }

    async fn retire(&self, from: Side) -> DatabaseResult<()> {
        self.open(from).await?;
        gate::send_away(self.place(from)).await?;
        compare::end(&self.stream(from)).await?;
        self.stream(from).rest().await
    }

    async fn smoke(&self, side: Side, write: bool) -> DatabaseResult<()> {
        smoke::test(self.place(side), &self.service, write).await
    }

    async fn tidy(&self, side: Side) -> DatabaseResult<()> {
        tidy::tidy(self.place(side), side, &self.names).await
    }

    async fn remains(&self, side: Side) -> DatabaseResult<Vec<String>> {
        tidy::remains(self.place(side), side, &self.names).await
    }

    async fn reopen(&self, side: Side) -> DatabaseResult<()> {
        tidy::reopen(self.place(side), side).await
    }

    async fn empty(&self) -> DatabaseResult<()> {
        tidy::empty(&self.new).await?;
        roles::forget(&self.old, &self.new).await
    }
}
