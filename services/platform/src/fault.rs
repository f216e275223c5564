//! Named points at which a fault test kills or halts the process.
//! Invariant: without the feature `fault` a point is nothing at all.
//!
//! With it, `THROUGHLINE_FAULT="name[:n]=abort|pause[,...]"` acts on the n-th pass of the point of that name (the first, if n is not given).
//! `abort` ends the process there and then, nothing flushed. `pause` stops the whole process, every thread of it, until it gets SIGCONT.

/// Passes a named point.
#[cfg(not(feature = "fault"))]
#[inline(always)]
pub fn point(_name: &str) {}

#[cfg(feature = "fault")]
pub use acting::point;

#[cfg(any(feature = "fault", test))]
mod plan {
    use std::collections::BTreeMap;

    /// What happens at a point.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Act {
        Abort,
        Pause,
    }

    /// By name of the point: at which pass what happens.
    pub type Plan = BTreeMap<String, (u64, Act)>;

    /// Reads a plan, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Plan, String> {
        let mut plan = Plan::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let wrong = || format!("THROUGHLINE_FAULT: \"{entry}\" is not name[:n]=abort|pause");
            let (place, act) = entry.split_once('=').ok_or_else(wrong)?;
            let (name, pass) = match place.rsplit_once(':') {
                Some((name, pass)) => (name, pass.parse().map_err(|_| wrong())?),
                None => (place, 1),
            };
            let act = match act {
                "abort" => Act::Abort,
                "pause" => Act::Pause,
                _ => return Err(wrong()),
            };
            if name.is_empty() || pass == 0 {
                return Err(wrong());
            }
            plan.insert(name.to_owned(), (pass, act));
        }
        Ok(plan)
    }
}

#[cfg(feature = "fault")]
mod acting {
    use std::collections::BTreeMap;
    use std::sync::{LazyLock, Mutex};

    use super::plan::{Act, Plan, parse};

    struct Faults {
        plan: Plan,
        passed: Mutex<BTreeMap<String, u64>>,
    }

    static FAULTS: LazyLock<Faults> = LazyLock::new(|| {
        let text = std::env::var("THROUGHLINE_FAULT").unwrap_or_default();
        // A fault test with a plan that means nothing would pass for the wrong reason.
        let plan = parse(&text).unwrap_or_else(|wrong| panic!("{wrong}"));
        Faults { plan, passed: Mutex::default() }
    });

    /// Passes a named point, where the plan may end or halt the process.
    pub fn point(name: &str) {
        let Some((at, act)) = FAULTS.plan.get(name) else { return };
        let pass = {
            let mut passed = FAULTS.passed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let pass = passed.entry(name.to_owned()).or_default();
            *pass += 1;
            *pass
        };
        if pass != *at {
            return;
        }
        eprintln!("fault: {act:?} at {name}, pass {pass}");
        match act {
            Act::Abort => std::process::abort(),
            Act::Pause => halt(),
        }
    }

    /// Stops this process by a signal that its shell child sends to its parent: no unsafe code, no dependency.
    fn halt() {
        let sent = std::process::Command::new("sh").args(["-c", "kill -STOP $PPID"]).status();
        assert!(sent.is_ok_and(|status| status.success()), "cannot stop the process at a fault point");
    }
}

#[cfg(test)]
mod tests {
    use super::plan::{Act, parse};

    #[test]
    fn a_plan_names_points_passes_and_acts() {
        let plan = parse("append.committed:3=abort, relay.published=pause").unwrap();
        assert_eq!(plan["append.committed"], (3, Act::Abort));
        assert_eq!(plan["relay.published"], (1, Act::Pause));
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn a_plan_that_means_nothing_is_refused() {
        for text in ["append", "append=explode", "append:0=abort", "append:x=abort", "=abort"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_point_without_a_plan_is_passed() {
        super::point("nowhere");
    }

    #[cfg(feature = "fault")]
    mod acting {
        use std::os::unix::process::ExitStatusExt;
        use std::process::{Child, Command, Stdio};

        /// This test binary once more, running the test that passes "nowhere", under a plan.
        fn under(plan: &str) -> Child {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "fault::tests::a_point_without_a_plan_is_passed"])
                .env("THROUGHLINE_FAULT", plan)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        }

        #[test]
        fn an_abort_ends_the_process_at_the_pass_it_names_and_no_other() {
            const SIGABRT: i32 = 6;
            assert_eq!(under("nowhere=abort").wait().unwrap().signal(), Some(SIGABRT));
            assert!(under("nowhere:2=abort").wait().unwrap().success());
            assert!(under("elsewhere=abort").wait().unwrap().success());
        }

        #[test]
        fn a_pause_stops_the_process_until_it_is_told_to_go_on() {
            let mut child = under("nowhere=pause");
            let stat = format!("/proc/{}/stat", child.id());
            // The state follows the name in parentheses; T is stopped.
            while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
                assert!(child.try_wait().unwrap().is_none(), "it went on by itself");
                std::thread::yield_now();
            }
            let told = Command::new("sh").args(["-c", &format!("kill -CONT {}", child.id())]).status();
            assert!(told.unwrap().success());
            assert!(child.wait().unwrap().success());
        }
    }
}
