//! Work on several threads, whose results are taken in order.

use std::num::NonZero;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use anyhow::Context as _;

/// How many results of one thread wait for their turn. A thread that is further ahead waits itself, which bounds memory.
const WAITING: usize = 32;

/// Does `work` on each of `items`, on so many `threads`, and gives the results to `take` in the order of the items.
///
/// # Errors
///
/// The first error of `take`, after which nothing more is taken; and when no thread can be had.
pub(super) fn in_order<T: Sync, R: Send>(
    items: &[T],
    threads: NonZero<usize>,
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&T, R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let threads = threads.get().min(items.len());
    let work = &work;
    thread::scope(|scope| {
        // Each thread does every so manieth item, so the results come from one after the other.
        let mut results: Vec<Receiver<R>> = Vec::new();
        for first in 0..threads {
            let (sender, receiver) = sync_channel(WAITING);
            results.push(receiver);
            let started = thread::Builder::new().spawn_scoped(scope, move || {
                for item in items.iter().skip(first).step_by(threads) {
                    if sender.send(work(item)).is_err() {
                        // Nobody takes any more.
                        return;
                    }
                }
            });
            started.context("failed to start a thread; raise the limit of processes")?;
        }
        for (item, results) in items.iter().zip(results.iter().cycle()) {
            let Ok(result) = results.recv() else {
                // The thread panicked, and so does the end of the scope.
                break;
            };
            take(item, result)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use anyhow::bail;
    use proptest::prelude::*;

    use super::*;

    fn threads(count: usize) -> NonZero<usize> {
        NonZero::new(count).unwrap()
    }

    proptest! {
        #[test]
        fn results_come_in_order_however_long_each_takes(
            items in prop::collection::vec(0..200_u32, 0..300),
            count in 1..9_usize,
        ) {
            let busy = |turns: &u32| (0..*turns * 50).fold(*turns, |sum, turn| sum ^ turn.rotate_left(7));
            let mut taken = Vec::new();
            in_order(&items, threads(count), busy, |item, result| {
                taken.push((*item, result));
                Ok(())
            })
            .unwrap();
            let expected: Vec<_> = items.iter().map(|item| (*item, busy(item))).collect();
            prop_assert_eq!(taken, expected);
        }
    }

    /// With one thread alone this would never end.
    #[test]
    fn threads_work_at_the_same_time() {
        let meeting = Barrier::new(2);
        in_order(&[(); 6], threads(2), |()| meeting.wait(), |_, _| Ok(())).unwrap();
    }

    #[test]
    fn what_waits_for_its_turn_is_bounded() {
        let items: Vec<usize> = (0..1000).collect();
        let (done, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |item: &usize| {
            done.fetch_add(1, Ordering::SeqCst);
            *item
        };
        in_order(&items, threads(3), work, |_, taken| {
            let ahead = done.load(Ordering::SeqCst) - taken;
            most.fetch_max(ahead, Ordering::SeqCst);
            Ok(())
        })
        .unwrap();
        // Of each thread those that wait, the one in its hands, and the one that was just taken.
        assert!(most.into_inner() <= 3 * (WAITING + 2));
    }

    #[test]
    fn an_error_ends_it() {
        let items: Vec<usize> = (0..1000).collect();
        let done = AtomicUsize::new(0);
        let work = |_: &usize| done.fetch_add(1, Ordering::SeqCst);
        let ended = in_order(&items, threads(2), work, |item, _| match item {
            3 => bail!("enough"),
            _ => Ok(()),
        });
        assert_eq!(ended.unwrap_err().to_string(), "enough");
        assert!(done.into_inner() < 1000);
    }
}
