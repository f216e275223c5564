//! Where the processors go: what this process and those that it started have used, by their names.

use std::collections::BTreeMap;

/// Ticks of the processors a second, as Linux tells them to programs on every machine.
const TICKS: f64 = 100.0;

/// What had been used at one moment, in ticks.
pub struct Spent(BTreeMap<String, u64>);

/// A process, as `/proc/PID/stat` tells of it.
struct Stat {
    name: String,
    parent: u32,
    ticks: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        let line = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in parentheses, and may hold anything.
        let (name, rest) = line.split_once('(')?.1.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            name: name.to_owned(),
            parent: u32::try_from(number(1)?).ok()?,
            // With those of its children that have ended, which would be lost with them.
            ticks: (11..=14).map(number).sum::<Option<u64>>()?,
        })
    }
}

impl Spent {
    /// By now. Empty where the system has no `/proc`.
    pub fn now() -> Self {
        let listed = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = listed.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let stats: BTreeMap<u32, Stat> = pids.filter_map(|pid| Some((pid, Stat::read(pid)?))).collect();
        let ours = |mut pid: u32| {
            while let Some(stat) = stats.get(&pid) {
                if pid == std::process::id() {
                    return true;
                }
                pid = stat.parent;
            }
            false
        };
        let mut spent = BTreeMap::new();
        for (_, stat) in stats.iter().filter(|(pid, _)| ours(**pid)) {
            *spent.entry(stat.name.clone()).or_default() += stat.ticks;
        }
        Self(spent)
    }

    /// What has been used since.
    pub fn since(&self) -> Used {
        let used = |(name, ticks): (String, u64)| {
            let before = self.0.get(&name).copied().unwrap_or_default();
            (name, ticks.saturating_sub(before) as f64 / TICKS * 1e6)
        };
        Used(Self::now().0.into_iter().map(used).collect())
    }
}

/// Microseconds of the processors, by name of the process.
pub struct Used(Vec<(String, f64)>);

impl Used {
    /// By all of them.
    pub fn all(&self) -> f64 {
        self.0.iter().map(|(_, used)| used).sum()
    }

    /// For each of so many operations, the most first.
    pub fn each(&self, operations: f64) -> String {
        let mut each: Vec<_> = self.0.iter().map(|(name, used)| (used / operations, name)).collect();
        each.sort_by(|one, other| other.0.total_cmp(&one.0));
        let each =
            each.iter().filter(|(used, _)| *used >= 0.5).map(|(used, name)| format!("{name} {used:.0}"));
        format!("{:.0} us ({})", self.all() / operations, each.collect::<Vec<_>>().join(", "))
    }
}
