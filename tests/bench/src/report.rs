//! Baseline and subject take turns; the ratio of each pair is what counts.

use std::time::{Duration, Instant};

/// Prints one line for each comparison.
pub struct Report {
    rounds: usize,
}

/// Units done, and the time that they took.
pub type Measured = (u64, Duration);

impl Report {
    /// So many turns each.
    pub fn new(rounds: usize) -> Self {
        println!(
            "{:<44} {:>14} {:>14} {:>7}  {:<15} goal",
            "ratio, median of pairs", "baseline", "ours", "ratio", "min to max"
        );
        Self {
            rounds: rounds.max(1),
        }
    }

    /// Runs the pairs and prints rates and ratios. `goal`: what the ratio should reach.
    pub fn compare(
        &mut self,
        name: &str,
        unit: &str,
        goal: f64,
        mut baseline: impl FnMut() -> anyhow::Result<Measured>,
        mut ours: impl FnMut() -> anyhow::Result<Measured>,
    ) -> anyhow::Result<()> {
        self.compare_by(
            [(name, unit)],
            goal,
            1,
            || Ok([baseline()?]),
            || Ok([ours()?]),
        )
    }

    /// The same by several measures of the same turns, each with its name and unit. `turns`: how many short turns there
    /// are in place of one; who goes first changes with each pair, so that neither profits from a drift.
    pub fn compare_by<const N: usize>(
        &mut self,
        measures: [(&str, &str); N],
        goal: f64,
        turns: usize,
        mut baseline: impl FnMut() -> anyhow::Result<[Measured; N]>,
        mut ours: impl FnMut() -> anyhow::Result<[Measured; N]>,
    ) -> anyhow::Result<()> {
        // Caches, pages and clocks warm up unseen.
        baseline()?;
        ours()?;
        let mut pairs = Vec::new();
        for turn in 0..self.rounds * turns {
            pairs.push(match turn % 2 {
                0 => (baseline()?, ours()?),
                _ => {
                    let second = ours()?;
                    (baseline()?, second)
                }
            });
        }
        for (n, (name, unit)) in measures.into_iter().enumerate() {
            let rates = pairs.iter().map(|pair| (rate(pair.0[n]), rate(pair.1[n])));
            line(name, unit, goal, &rates.collect::<Vec<_>>());
        }
        Ok(())
    }

    /// Prints what part of one time another one is. `goal`: the part that it should stay below.
    pub fn shares(&mut self, name: &str, whole: Duration, part: Duration, goal: f64) {
        println!(
            "{name:<44} {:>14} {:>14} {:>7.4}  {:<15} below {goal:.2}",
            format!("{:.2} s", whole.as_secs_f64()),
            format!("{:.1} ms", part.as_secs_f64() * 1e3),
            part.as_secs_f64() / whole.as_secs_f64(),
            "",
        );
    }

    /// Prints a figure that is compared with a limit, not with a turn of a baseline.
    pub fn figure(&mut self, name: &str, found: &str, goal: &str) {
        println!(
            "{name:<44} {:>14} {found:>14} {:>7}  {:<15} {goal}",
            "", "", ""
        );
    }
}

fn line(name: &str, unit: &str, goal: f64, pairs: &[(f64, f64)]) {
    let ratios = sorted(pairs.iter().map(|(baseline, ours)| ours / baseline));
    println!(
        "{name:<44} {:>14} {:>14} {:>7.2}  {:<15} {goal:.2}",
        shown(middle(&sorted(pairs.iter().map(|pair| pair.0))), unit),
        shown(middle(&sorted(pairs.iter().map(|pair| pair.1))), unit),
        middle(&ratios),
        format!("{:.2} to {:.2}", ratios[0], ratios[ratios.len() - 1]),
    );
}

/// Times something that does a known number of units.
pub fn timed<T>(units: u64, job: impl FnOnce() -> T) -> (Measured, T) {
    let start = Instant::now();
    let outcome = job();
    ((units, start.elapsed()), outcome)
}

fn rate((units, time): Measured) -> f64 {
    units as f64 / time.as_secs_f64()
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn middle(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

fn shown(rate: f64, unit: &str) -> String {
    if rate >= 1e6 {
        return format!("{:.2} M{unit}/s", rate / 1e6);
    }
    format!("{:.1} k{unit}/s", rate / 1e3)
}
