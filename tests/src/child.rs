//! A child process that cannot outlive the tests, and what is done to it: signals, waiting, reading what it says.
//! Invariant: when the test process ends, however it ends, its children end and their directories are removed.

use std::{
    future::Future,
    io,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// How long anything here may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again, until the answer is there.
///
/// # Panics
/// After [`PATIENCE`], saying what was waited for.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A signal, by the name that `kill` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ends a process on the spot.
    Kill,
    /// Asks it to finish and leave.
    Terminate,
    /// PostgreSQL's `immediate`: leave without a checkpoint.
    Quit,
    /// Freezes it.
    Stop,
    /// Lets it run again.
    Continue,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Signal::Kill => "KILL",
            Signal::Terminate => "TERM",
            Signal::Quit => "QUIT",
            Signal::Stop => "STOP",
            Signal::Continue => "CONT",
        }
    }
}

/// A running child with its leash.
#[derive(Debug)]
pub struct Running {
    child: Child,
    leash: Leash,
}

impl Running {
    /// Spawns it in a process group of its own, so that an interrupt at the keyboard reaches it through the leash alone.
    /// `home`, where given, is removed if the test process dies; `end` is how the child is then ended.
    pub fn spawn(command: &mut Command, end: Signal, home: Option<&Path>) -> io::Result<Self> {
        let child = command.stdin(Stdio::null()).process_group(0).spawn()?;
        let leash = Leash::new(child.id(), end, home)?;
        Ok(Self { child, leash })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal. A process already gone is no error.
    pub fn signal(&mut self, signal: Signal) {
        // Not reaped before this point, so the id cannot have passed to another process.
        if self.exited().is_none() {
            send(signal, self.child.id());
        }
    }

    /// Its exit status, if it has ended.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits for it to end.
    pub fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("a child can be waited for");
        self.leash.release();
        status
    }

    /// What its standard output and error are read from, where they were piped.
    pub fn pipes(&mut self) -> (Option<std::process::ChildStdout>, Option<std::process::ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Signals and waits.
    pub fn end(&mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A frozen process would not hear anything but KILL; a wrong ending here is better than a server left behind.
        self.end(Signal::Kill);
    }
}

fn send(signal: Signal, pid: u32) {
    // The shell's own `kill`: no package has to be there for it.
    let script = match signal {
        // With all of its group, which is its own: nothing it started is left.
        Signal::Kill => format!("kill -s KILL -- -{pid}"),
        Signal::Terminate | Signal::Quit | Signal::Stop | Signal::Continue => {
            format!("kill -s {} {pid}", signal.name())
        }
    };
    let sent = Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status();
    sent.expect("a POSIX shell is on the machine");
}

/// A shell that holds the other end of a pipe. When the test process dies the pipe closes, and the shell ends the child.
#[derive(Debug)]
struct Leash {
    shell: Child,
    held: Option<ChildStdin>,
}

impl Leash {
    fn new(pid: u32, end: Signal, home: Option<&Path>) -> io::Result<Self> {
        // A word on the pipe means that the child was ended in good order. Silence and a closed pipe mean that we died.
        let script = format!(
            r#"read -r word && exit; kill -s {} {pid}; kill -s CONT {pid}; n=0
            while kill -0 {pid} && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done; kill -s KILL -- -{pid}
            [ -z "$1" ] || rm -rf "$1""#,
            end.name()
        );
        let mut shell = Command::new("sh")
            .args(["-c", &script, "leash"])
            .arg(home.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let held = shell.stdin.take();
        Ok(Self { shell, held })
    }

    fn release(&mut self) {
        if let Some(mut held) = self.held.take() {
            // The shell may have been killed from outside; then there is nothing to release.
            let _ = io::Write::write_all(&mut held, b"done\n");
            let _ = self.shell.wait();
        }
    }
}

/// Whether a status says that the process was ended by `SIGKILL`.
pub fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(pid: u32) -> bool {
        // A zombie of ours is gone for every purpose.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
    }

    #[tokio::test]
    async fn a_child_ends_when_the_pipe_to_its_leash_closes() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut running =
            Running::spawn(Command::new("sleep").arg("600"), Signal::Terminate, Some(home.path()))
                .expect("sleep");
        // What the kernel does when this process dies.
        drop(running.leash.held.take());
        until("the leash to end the child", || std::future::ready(running.exited())).await;
        until("the leash to remove its directory", || async { (!home.path().exists()).then_some(()) }).await;
    }

    #[test]
    fn a_dropped_child_is_gone() {
        let running =
            Running::spawn(Command::new("sleep").arg("600"), Signal::Terminate, None).expect("sleep");
        let pid = running.pid();
        drop(running);
        assert!(!alive(pid));
    }
}
