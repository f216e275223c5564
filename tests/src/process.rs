//! Our own binary as a real process: started on free ports, killed, asked to leave, made to fail at a named point.
//! Invariant: a started process serves; where it listens is what it printed itself.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::{
    child::{PATIENCE, Running, Signal, until},
    tools,
};

/// What to run, and how; a launch can be started many times.
#[derive(Clone, Debug)]
pub struct Launch {
    binary: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
}

impl Launch {
    /// Our binary with these arguments. Listeners are better given as port 0: see [`Process::grpc`].
    ///
    /// # Panics
    /// Without the binary, saying `run make build`.
    pub fn new<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> Self {
        Self::of(tools::throughline(), arguments)
    }

    fn of<A: Into<OsString>>(binary: PathBuf, arguments: impl IntoIterator<Item = A>) -> Self {
        Self { binary, arguments: arguments.into_iter().map(Into::into).collect(), environment: Vec::new() }
    }

    /// With one more argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// With an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Failing at a named point: `name[:n]=abort|pause` acts on the n-th pass.
    pub fn fault(self, point: &str) -> Self {
        self.env("THROUGHLINE_FAULT", point)
    }

    /// Runs it, and waits until it says where it listens.
    ///
    /// # Panics
    /// Where it ends instead, with what it printed.
    pub async fn start(&self) -> Process {
        let mut process = self.spawn();
        until("the process to say where it listens", || {
            let line = process.said.first("listening ");
            if line.is_none()
                && let Some(status) = process.running.exited()
            {
                process.said.closed();
                panic!("{:?} ended with {status}; it said:\n{}", self.arguments, process.said.all());
            }
            process.listening = line.as_deref().map(Listening::parse).unwrap_or_default();
            std::future::ready(line)
        })
        .await;
        process
    }

    /// The command itself, for who wants to hold its pipes.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it without waiting for anything: for what is meant to end by itself, or to be refused.
    pub fn spawn(&self) -> Process {
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Running::spawn(&mut command, Signal::Kill, None).expect("the binary can be run");
        let said = Said::default();
        let (stdout, stderr) = running.pipes();
        said.hear(Output::Standard, stdout.expect("piped"));
        said.hear(Output::Error, stderr.expect("piped"));
        Process { running, said, listening: Listening::default() }
    }
}

/// So many lines of a process are told by a test that fails.
const LAST_LINES: usize = 20;

/// A running process; killed with this guard.
#[derive(Debug)]
pub struct Process {
    running: Running,
    said: Said,
    listening: Listening,
}

impl Process {
    /// Where it serves gRPC.
    pub fn grpc(&self) -> SocketAddr {
        self.listening.grpc.expect("the process printed no grpc address")
    }

    /// Where it serves pages.
    pub fn http(&self) -> SocketAddr {
        self.listening.http.expect("the process printed no http address")
    }

    /// Where it serves liveness, readiness and metrics.
    pub fn admin(&self) -> SocketAddr {
        self.listening.admin.expect("the process printed no admin address")
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) {
        self.running.end(Signal::Kill);
    }

    /// Asks it to drain and leave.
    pub fn terminate(&mut self) {
        self.running.signal(Signal::Terminate);
    }

    /// Freezes it: a machine that pauses, a relay that wakes up late.
    pub fn freeze(&mut self) {
        self.running.signal(Signal::Stop);
    }

    /// Lets it go on.
    pub fn thaw(&mut self) {
        self.running.signal(Signal::Continue);
    }

    /// Waits until it has ended, by itself or because it was asked to; all it said is then in [`Process::said`].
    ///
    /// # Panics
    /// Where it has not ended in time.
    pub async fn ended(&mut self) -> ExitStatus {
        let status = until("the process to end", || std::future::ready(self.running.exited())).await;
        self.running.wait();
        self.said.closed();
        status
    }

    /// Waits until it has printed a line with that text, and gives the line.
    ///
    /// # Panics
    /// Where it has not come in time.
    pub async fn says(&self, text: &str) -> String {
        until(&format!("the process to say {text:?}"), || std::future::ready(self.said.first(text))).await
    }

    /// Everything it has printed so far, standard output and standard error as they came.
    pub fn said(&self) -> String {
        self.said.all()
    }

    /// What it has printed so far on standard output alone: the answer of a command.
    pub fn answer(&self) -> String {
        self.said.of(&[Output::Standard])
    }
}

/// A test that fails tells what its processes said last: why nobody answered stands there.
impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.said();
            let skipped = said.lines().count().saturating_sub(LAST_LINES);
            let last: Vec<&str> = said.lines().skip(skipped).collect();
            eprintln!("process {} said last:\n{}", self.pid(), last.join("\n"));
        }
    }
}

/// The addresses of the line `listening grpc=… http=… admin=…`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Listening {
    grpc: Option<SocketAddr>,
    http: Option<SocketAddr>,
    admin: Option<SocketAddr>,
}

impl Listening {
    fn parse(line: &str) -> Self {
        let address = |name: &str| {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
            // What is not served is listed as "-".
            (word != "-")
                .then(|| word.parse().unwrap_or_else(|_| panic!("{name}={word} is no address, in {line:?}")))
        };
        Self { grpc: address("grpc"), http: address("http"), admin: address("admin") }
    }
}

/// The lines of both outputs, in the order of their coming.
#[derive(Clone, Debug, Default)]
struct Said(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<(Output, String)>,
    open: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Standard,
    Error,
}

impl Said {
    fn hear(&self, output: Output, from: impl Read + Send + 'static) {
        self.lock().open += 1;
        let said = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                said.lock().lines.push((output, String::from_utf8_lossy(&line).into_owned()));
            }
            said.lock().open -= 1;
            said.0.1.notify_all();
        });
    }

    fn first(&self, text: &str) -> Option<String> {
        self.lock().lines.iter().map(|(_, line)| line).find(|line| line.contains(text)).cloned()
    }

    fn all(&self) -> String {
        self.of(&[Output::Standard, Output::Error])
    }

    fn of(&self, outputs: &[Output]) -> String {
        let said = self.lock();
        let lines = said.lines.iter().filter(|(output, _)| outputs.contains(output));
        lines.map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Waits until both outputs have ended.
    fn closed(&self) {
        let lines = self.lock();
        let waited = self.0.1.wait_timeout_while(lines, PATIENCE, |lines| lines.open > 0);
        let patience = waited.unwrap_or_else(PoisonError::into_inner).1;
        assert!(
            !patience.timed_out(),
            "the process has ended, and something it started still holds its outputs"
        );
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Launch {
        Launch::of("/bin/sh".into(), ["-c", text])
    }

    #[tokio::test]
    async fn a_process_is_started_frozen_thawed_and_asked_to_leave() {
        // What waits in its place has none of its outputs, as our binary has no children of its own.
        let serves = "sleep 600 >/dev/null 2>&1 & trap 'echo draining; kill $!; exit 3' TERM; \
            echo $THROUGHLINE_FAULT >&2; echo listening grpc=127.0.0.1:4001; wait $!";
        let mut process = script(serves).fault("append.committed=abort").start().await;
        assert_eq!(process.grpc(), ([127, 0, 0, 1], 4001).into());
        process.says("append.committed=abort").await;
        process.freeze();
        process.terminate();
        process.thaw();
        let status = process.ended().await;
        assert_eq!(status.code(), Some(3));
        assert!(process.said().contains("append.committed=abort"), "{}", process.said());
        assert_eq!(process.answer(), "listening grpc=127.0.0.1:4001\ndraining");
    }

    #[tokio::test]
    #[should_panic(expected = "no such store")]
    async fn a_process_that_ends_before_it_serves_fails_the_test_with_its_words() {
        script("echo no such store >&2; exit 2").start().await;
    }

    #[test]
    fn addresses_are_read_from_the_line_it_prints() {
        let listening =
            Listening::parse("listening grpc=127.0.0.1:4001 http=127.0.0.1:4002 admin=127.0.0.1:4003");
        assert_eq!(listening.grpc, Some(([127, 0, 0, 1], 4001).into()));
        assert_eq!(listening.http, Some(([127, 0, 0, 1], 4002).into()));
        assert_eq!(listening.admin, Some(([127, 0, 0, 1], 4003).into()));
        assert_eq!(Listening::parse("listening grpc=[::1]:9").http, None);
    }
}
