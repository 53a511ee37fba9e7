//! Growing pauses between attempts.

use std::time::Duration;

/// Pauses that double up to a longest one. Each is drawn from the upper half of its range, so that many clients do not retry in
/// step.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    range: Duration,
}

impl Backoff {
    /// Starts with a pause of at most `first`.
    pub const fn new(first: Duration, longest: Duration) -> Backoff {
        Backoff {
            first,
            longest,
            range: first,
        }
    }

    /// The next pause.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.range.mul_f64(rand::random_range(0.5..=1.0));
        self.range = (self.range * 2).min(self.longest);
        pause
    }

    /// Restarts with the first pause, after a success.
    pub fn reset(&mut self) {
        self.range = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_until_a_try_succeeds() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(100), ms(350));
        for range in [100, 200, 350, 350] {
            let pause = backoff.next_pause();
            assert!(ms(range / 2) <= pause && pause <= ms(range), "{pause:?}");
        }
        backoff.reset();
        assert!(backoff.next_pause() <= ms(100));
    }
}
