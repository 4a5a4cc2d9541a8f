//! Whether today's servers answer, seen from here.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::engine::CloudResult;
use crate::engine::plan::Goal;
use async_trait::async_trait;
use futures_util::future::join_all;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;

/// The check.
pub struct Reach;

/// How long a server may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(3);

#[async_trait]
impl Check for Reach {
    fn name(&self) -> &'static str {
        "reach"
    }

    fn concerns(&self, subject: &Subject<'_>) -> bool {
        // Behind an emulator's addresses there is nobody, and the documentation's addresses belong to nobody.
        !subject.emulated && subject.plan.goal == Goal::City && subject.makes("route53:weighted-records")
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let addresses = subject.city.spec.legacy.addresses.iter();
        let asked = addresses.map(|address| async move { (*address, answers(*address, &[443, 80]).await) });
        Ok(judge(&join_all(asked).await))
    }
}

/// True if one of the ports takes a connection.
pub(super) async fn answers(address: Ipv4Addr, ports: &[u16]) -> bool {
    let tries = ports.iter().map(|port| {
        let to = SocketAddr::from((address, *port));
        async move { matches!(tokio::time::timeout(PATIENCE, TcpStream::connect(to)).await, Ok(Ok(_))) }
    });
    join_all(tries).await.contains(&true)
}

fn judge(seen: &[(Ipv4Addr, bool)]) -> Verdict {
    let silent: Vec<_> = seen.iter().filter(|(_, answers)| !answers).map(|(address, _)| address.to_string()).collect();
    let mut verdict = Verdict::default();
    if !silent.is_empty() {
        verdict.warn(
            format!("{} takes no connection on 443 or 80 from here", silent.join(", ")),
            "nothing, if a firewall keeps this machine out; or see why it is down before it is moved",
        );
    }
    verdict.or_ok(format!("{} of today's addresses answer", seen.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    #[tokio::test]
    async fn whoever_listens_answers_and_who_does_not_is_told() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let port = listener.as_ref().ok().and_then(|l| l.local_addr().ok()).map_or(0, |address| address.port());
        assert!(answers(Ipv4Addr::LOCALHOST, &[port]).await);
        drop(listener);
        assert!(!answers(Ipv4Addr::LOCALHOST, &[port]).await);
        assert_eq!(judge(&[(Ipv4Addr::LOCALHOST, false)]).worst(), Level::Warn);
        assert_eq!(judge(&[(Ipv4Addr::LOCALHOST, true)]).worst(), Level::Ok);
    }
}
