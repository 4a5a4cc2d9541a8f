//! A runbook: named steps that are done in order, and undone in reverse if one fails before the point of no return.

use super::engine::Tell;
use super::{DatabaseError, DatabaseResult};
use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often at most a step says how far it is: where there is no terminal, each time is a line.
const EVERY: Duration = Duration::from_secs(5);

/// A list of steps and how each is done and undone.
#[async_trait]
pub trait Runbook: Send + Sync {
    /// One of them.
    type Step: Copy + Send + Sync;

    /// All of them, in order.
    fn steps(&self) -> Vec<Self::Step>;
    /// Its name, in the words of progress lines and of the record.
    fn name(&self, step: Self::Step) -> &'static str;
    /// Whether what was done before a failure is undone. Otherwise it stays, and the next run goes on from it.
    fn undoes(&self) -> bool {
        true
    }
    /// True for the step that is the point of no return.
    fn is_final(&self, step: Self::Step) -> bool;
    /// Whether it is done already. Only reads.
    async fn done(&self, step: Self::Step) -> DatabaseResult<bool>;
    /// Does it, and says how far it is where it takes long; goes on where an earlier attempt was cut off.
    async fn run(&self, step: Self::Step, tell: Tell<'_>) -> DatabaseResult<()>;
    /// Undoes it, if it can be undone and was done.
    async fn undo(&self, step: Self::Step) -> DatabaseResult<()>;
}

pub use crate::engine::journal::Note;

/// Gets told how a runbook goes. Must not block: some steps are short of time.
pub trait Journal: Send + Sync {
    /// Something happened to a step.
    fn note(&self, step: &str, what: Note);
}

impl Journal for crate::engine::journal::Part {
    fn note(&self, step: &str, what: Note) {
        Self::note(self, step, what);
    }
}

/// Tells nobody.
pub struct Quiet;

impl Journal for Quiet {
    fn note(&self, _: &str, _: Note) {}
}

/// A runbook that didn't reach its end.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// Everything is as it was before.
    #[error("{step}: {why}; everything was undone")]
    Back {
        /// The step that failed.
        step: &'static str,
        /// Why.
        why: DatabaseError,
    },
    /// It failed, and so did undoing it: what remains ends by its own deadline, and the next run clears it away.
    #[error("{step}: {why}; undoing it: {undo}")]
    Half {
        /// The step that failed.
        step: &'static str,
        /// Why.
        why: DatabaseError,
        /// What undoing met.
        undo: DatabaseError,
    },
    /// What was done stays.
    #[error("{step}: {why}; what is done stays, the next run goes on from it")]
    Here {
        /// The step that failed.
        step: &'static str,
        /// Why.
        why: DatabaseError,
    },
    /// It is past the point of no return: running it again goes on.
    #[error("{step}: {why}; the data has moved, what is left to do is done by the next run")]
    Onward {
        /// The step that failed.
        step: &'static str,
        /// Why.
        why: DatabaseError,
    },
}

impl From<Stopped> for crate::engine::CloudError {
    /// What can be tried again by itself is so classed by the cause.
    fn from(stopped: Stopped) -> Self {
        let message = stopped.to_string();
        let (Stopped::Here { why, .. }
        | Stopped::Back { why, .. }
        | Stopped::Half { why, .. }
        | Stopped::Onward { why, .. }) = stopped;
        Self { message, ..why.into() }
    }
}

/// Does the steps that aren't done.
///
/// # Errors
/// The step that failed, and what became of those before.
pub async fn carry_out<R: Runbook>(book: &R, journal: &dyn Journal) -> Result<(), Stopped> {
    let steps = book.steps();
    let turning = steps.iter().position(|step| book.is_final(*step)).unwrap_or(steps.len());
    let mut asking = true;
    for (index, &step) in steps.iter().enumerate() {
        let name = book.name(step);
        // From the first step that isn't done all are run: asking costs time that some of them don't have.
        if asking {
            match book.done(step).await {
                Ok(true) => continue,
                Ok(false) => asking = false,
                Err(why) if index > turning => return Err(Stopped::Onward { step: name, why }),
                Err(why) => return Err(Stopped::Back { step: name, why }),
            }
        }
        journal.note(name, Note::Begun);
        let begun = Instant::now();
        let told = Mutex::new(begun);
        let tell = |how_far: String| {
            if due(&mut told.lock().unwrap_or_else(PoisonError::into_inner), Instant::now()) {
                journal.note(name, Note::Doing(how_far));
            }
        };
        let Err(why) = book.run(step, &tell).await else {
            journal.note(name, Note::Done(begun.elapsed()));
            continue;
        };
        journal.note(name, Note::Failed(why.to_string()));
        // Whether a final step whose answer was lost had its effect, the databases know.
        let past = index > turning || index == turning && book.done(step).await.unwrap_or(false);
        if past {
            return Err(Stopped::Onward { step: name, why });
        }
        if !book.undoes() {
            return Err(Stopped::Here { step: name, why });
        }
        return Err(back(book, journal, &steps[..=index], name, why).await);
    }
    Ok(())
}

/// Whether it is time to tell again, `told` being the last time.
fn due(told: &mut Instant, now: Instant) -> bool {
    let due = now.saturating_duration_since(*told) >= EVERY;
    if due {
        *told = now;
    }
    due
}

async fn back<R: Runbook>(
    book: &R,
    journal: &dyn Journal,
    done: &[R::Step],
    step: &'static str,
    why: DatabaseError,
) -> Stopped {
    let mut failed = None;
    for &step in done.iter().rev() {
        match book.undo(step).await {
            Ok(()) => journal.note(book.name(step), Note::Undone),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        None => Stopped::Back { step, why },
        Some(undo) => Stopped::Half { step, why, undo },
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Four steps, the third of which is final; `fails` fails, with its effect or without.
    #[derive(Default)]
    struct Book {
        fails: Option<(u8, bool)>,
        done: Mutex<Vec<u8>>,
        told: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Runbook for Book {
        type Step = u8;
        fn steps(&self) -> Vec<u8> {
            vec![1, 2, 3, 4]
        }
        fn name(&self, step: u8) -> &'static str {
            ["", "one", "two", "three", "four"][usize::from(step)]
        }
        fn is_final(&self, step: u8) -> bool {
            step == 3
        }
        async fn done(&self, step: u8) -> DatabaseResult<bool> {
            Ok(self.done.lock().unwrap().contains(&step))
        }
        async fn run(&self, step: u8, _: Tell<'_>) -> DatabaseResult<()> {
            if self.fails != Some((step, false)) {
                self.done.lock().unwrap().push(step);
            }
            self.told.lock().unwrap().push(format!("run {step}"));
            match self.fails {
                Some((failing, _)) if failing == step => Err(DatabaseError::Refused("no".into())),
                _ => Ok(()),
            }
        }
        async fn undo(&self, step: u8) -> DatabaseResult<()> {
            self.done.lock().unwrap().retain(|done| *done != step);
            self.told.lock().unwrap().push(format!("undo {step}"));
            Ok(())
        }
    }

    fn told(book: &Book) -> String {
        book.told.lock().unwrap().join(", ")
    }

    #[test]
    fn a_long_step_says_how_far_it_is_now_and_then() {
        let begun = Instant::now();
        let mut told = begun;
        let times = (0..120).filter(|n| due(&mut told, begun + Duration::from_millis(100) * *n)).count();
        assert_eq!(times, 2, "12 seconds: after 5 and after 10");
    }

    #[tokio::test]
    async fn what_fails_before_the_point_of_no_return_is_undone_in_reverse() {
        let book = Book { fails: Some((2, true)), ..Book::default() };
        let stopped = carry_out(&book, &Quiet).await.unwrap_err();
        assert!(matches!(stopped, Stopped::Back { step: "two", .. }));
        assert_eq!(told(&book), "run 1, run 2, undo 2, undo 1");
    }

    #[tokio::test]
    async fn what_fails_after_it_stays_and_the_next_run_goes_on() {
        let mut book = Book { fails: Some((4, false)), ..Book::default() };
        assert!(matches!(carry_out(&book, &Quiet).await.unwrap_err(), Stopped::Onward { .. }));
        book.fails = None;
        book.told = Mutex::default();
        carry_out(&book, &Quiet).await.unwrap();
        assert_eq!(told(&book), "run 4");
    }

    #[tokio::test]
    async fn a_final_step_whose_answer_was_lost_counts_by_its_effect() {
        let book = Book { fails: Some((3, true)), ..Book::default() };
        assert!(matches!(carry_out(&book, &Quiet).await.unwrap_err(), Stopped::Onward { step: "three", .. }));
        let book = Book { fails: Some((3, false)), ..Book::default() };
        assert!(matches!(carry_out(&book, &Quiet).await.unwrap_err(), Stopped::Back { step: "three", .. }));
        assert_eq!(told(&book), "run 1, run 2, run 3, undo 3, undo 2, undo 1");
    }
}
