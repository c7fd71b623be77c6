//! How long a guest keeps the thread it runs on: a yield costs more than a small slice of fuel, so it is not taken where
//! nobody waits.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// A guest that is polled again at once when it has only yielded.
///
/// A guest that yields asks for its next poll during this one; a guest that waits is woken later by somebody else.
pub(crate) struct Turns<T> {
    guest: Pin<Box<dyn Future<Output = T> + Send>>,
    ear: Option<Ear>,
}

/// What came of a turn.
enum Turn<T> {
    Ended(T),
    /// Somebody else wakes it.
    Waits,
    /// It has yielded and may not go on here. Its task is woken already.
    Over,
}

impl<T> Turns<T> {
    pub(crate) fn new(guest: impl Future<Output = T> + Send + 'static) -> Self {
        Self { guest: Box::pin(guest), ear: None }
    }

    /// Runs the guest to its end. Where it may not go on, others get the thread first.
    pub(crate) async fn run(&mut self, mut go_on: impl FnMut() -> bool) -> T {
        poll_fn(|context| match self.turn(context, &mut go_on) {
            Turn::Ended(ended) => Poll::Ready(ended),
            Turn::Waits | Turn::Over => Poll::Pending,
        })
        .await
    }

    /// The same until it may not go on; then `None`.
    pub(crate) async fn run_while(&mut self, mut go_on: impl FnMut() -> bool) -> Option<T> {
        poll_fn(|context| match self.turn(context, &mut go_on) {
            Turn::Ended(ended) => Poll::Ready(Some(ended)),
            Turn::Waits => Poll::Pending,
            Turn::Over => Poll::Ready(None),
        })
        .await
    }

    /// Does what may wake the guest and must be followed by a turn at once: the task is awake and need not be told.
    pub(crate) fn before_a_turn<R>(&mut self, work: impl FnOnce() -> R) -> R {
        if let Some(ear) = &self.ear {
            ear.called.attended.store(true, Ordering::SeqCst);
        }
        work()
    }

    fn turn(&mut self, context: &Context<'_>, mut go_on: impl FnMut() -> bool) -> Turn<T> {
        if self.ear.as_ref().is_none_or(|ear| !ear.called.task.will_wake(context.waker())) {
            self.ear = Some(Ear::new(context.waker()));
        }
        let Some(Ear { called, waker }) = &self.ear else { return Turn::Over };
        loop {
            called.attended.store(true, Ordering::SeqCst);
            called.calls.store(false, Ordering::SeqCst);
            if let Poll::Ready(ended) = self.guest.as_mut().poll(&mut Context::from_waker(waker)) {
                return Turn::Ended(ended);
            }
            let yields = called.calls.load(Ordering::SeqCst);
            if yields && !go_on() {
                called.attended.store(false, Ordering::SeqCst);
                called.task.wake_by_ref();
                return Turn::Over;
            }
            called.attended.store(yields, Ordering::SeqCst);
            // Whoever called until then was not passed on.
            if !yields && !called.calls.load(Ordering::SeqCst) {
                return Turn::Waits;
            }
        }
    }
}

/// Hears whether a guest asks for its next poll.
struct Ear {
    called: Arc<Called>,
    waker: Waker,
}

/// Woken while it runs, a task is queued once more when it sleeps, and a thread is woken to look for it. So a guest's call is
/// passed on only where nobody would hear it.
struct Called {
    calls: AtomicBool,
    /// Its task polls it, or is about to.
    attended: AtomicBool,
    task: Waker,
}

impl Ear {
    fn new(task: &Waker) -> Self {
        let (calls, attended) = (AtomicBool::new(false), AtomicBool::new(true));
        let called = Arc::new(Called { calls, attended, task: task.clone() });
        Self { waker: Waker::from(Arc::clone(&called)), called }
    }
}

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.calls.store(true, Ordering::SeqCst);
        if !self.attended.load(Ordering::SeqCst) {
            self.task.wake_by_ref();
        }
    }
}

/// A yield as the engine's own are.
pub(crate) async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The guests on a number of threads that serve nothing else but what starts guests.
pub(crate) struct Crowd {
    threads: usize,
    guests: AtomicUsize,
}

/// A guest among them, until it is dropped.
pub(crate) struct Member<'a> {
    crowd: &'a Crowd,
    /// When it last gave its thread away.
    since: Instant,
}

/// How long a guest goes on where a thread is left. When it then gives its own away, the other one wakes to look for work, and
/// stays to hear messages and timers, which the thread a guest is on cannot.
const TURN_MAX: Duration = Duration::from_millis(1);

impl Crowd {
    pub(crate) fn on(threads: usize) -> Self {
        Self { threads, guests: AtomicUsize::new(0) }
    }

    pub(crate) fn join(&self) -> Member<'_> {
        self.guests.fetch_add(1, Ordering::Relaxed);
        Member { crowd: self, since: Instant::now() }
    }

    /// Whether a thread is left for whoever comes.
    fn leaves_room(&self) -> bool {
        self.guests.load(Ordering::Relaxed) < self.threads
    }
}

impl Member<'_> {
    /// Whether it may keep its thread for another slice.
    pub(crate) fn goes_on(&mut self) -> bool {
        if self.since.elapsed() < TURN_MAX {
            return self.crowd.leaves_room();
        }
        self.since = Instant::now();
        false
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.crowd.guests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yielding(times: usize) -> Turns<usize> {
        Turns::new(async move {
            for _ in 0..times {
                yield_once().await;
            }
            times
        })
    }

    fn poll<T>(work: impl Future<Output = T>) -> Poll<T> {
        std::pin::pin!(work).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_guest_that_only_yields_goes_on_in_one_poll_for_as_long_as_it_may() {
        assert_eq!(poll(yielding(1_000).run(|| true)), Poll::Ready(1_000));
        let left = AtomicUsize::new(3);
        let some =
            || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let mut guest = yielding(5);
        assert_eq!(poll(guest.run_while(some)), Poll::Ready(None));
        assert_eq!(poll(guest.run(|| false)), Poll::Pending, "yields for the fifth time");
        assert_eq!(poll(guest.run(|| false)), Poll::Ready(5));
    }

    /// Counts how often a task is woken.
    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_task_is_woken_by_its_guest_only_where_it_would_not_look_by_itself() {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let woken = || wakes.0.load(Ordering::Relaxed);
        let poll = |guest: &mut Turns<usize>, go_on: bool| {
            std::pin::pin!(guest.run(|| go_on)).poll(&mut Context::from_waker(&waker))
        };
        let (answer, asked) = tokio::sync::oneshot::channel::<usize>();
        let (second, asked_again) = tokio::sync::oneshot::channel::<usize>();
        let mut guest = Turns::new(async move {
            yield_once().await;
            asked.await.unwrap_or_default() + asked_again.await.unwrap_or_default()
        });
        assert_eq!((poll(&mut guest, true), woken()), (Poll::Pending, 0), "went on after it had yielded");
        guest.before_a_turn(|| answer.send(3)).expect("is waited for");
        assert_eq!((poll(&mut guest, true), woken()), (Poll::Pending, 0), "was looked after anyway");
        second.send(4).expect("is waited for");
        assert_eq!(woken(), 1, "nobody was looking");
        assert_eq!(poll(&mut guest, true), Poll::Ready(7));
        assert_eq!((poll(&mut yielding(1), false), woken()), (Poll::Pending, 2), "has given its thread away");
    }

    #[tokio::test]
    async fn a_guest_that_waits_is_not_polled_until_it_is_woken() {
        let (answer, asked) = tokio::sync::oneshot::channel();
        let mut guest = Turns::new(async move { asked.await.unwrap_or_default() });
        assert_eq!(poll(guest.run(|| panic!("it has not yielded"))), Poll::Pending);
        tokio::spawn(async move { answer.send(7) });
        assert_eq!(guest.run(|| true).await, 7);
    }

    #[test]
    fn a_guest_alone_gives_its_thread_away_now_and_then() {
        let crowd = Crowd::on(2);
        let mut member = crowd.join();
        member.since = Instant::now() + Duration::from_secs(3_600);
        assert!(member.goes_on(), "its turn has only begun");
        let other = crowd.join();
        assert!(!member.goes_on(), "somebody could wait");
        drop(other);
        member.since = Instant::now().checked_sub(TURN_MAX).expect("the machine has run that long");
        assert!(!member.goes_on(), "others listen now");
    }

    #[test]
    fn a_crowd_leaves_a_thread_free_and_forgets_who_left() {
        let crowd = Crowd::on(2);
        let first = crowd.join();
        assert!(crowd.leaves_room());
        let second = crowd.join();
        assert!(!crowd.leaves_room());
        drop((first, second));
        assert!(crowd.leaves_room() && !Crowd::on(0).leaves_room());
    }
}
