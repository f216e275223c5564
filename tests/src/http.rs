//! One GET over loopback: for readiness and metrics, where a client library would be more than is asked for.
//! Invariant: HTTP/1.0, one request a connection, the whole answer read.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The status and the body at that path, or `None` where nobody answers.
pub async fn get(at: SocketAddr, path: &str) -> Option<(u16, String)> {
    get_as(at, path, None).await
}

/// The same, for the bearer of this token.
pub async fn get_as(at: SocketAddr, path: &str, token: Option<&str>) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(at).await.ok()?;
    let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let ask = format!("GET {path} HTTP/1.0\r\nHost: {at}\r\n{bearer}\r\n");
    stream.write_all(ask.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_its_status_and_its_body() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut asked = [0; 1024];
            let length = stream.read(&mut asked).await.expect("a request");
            assert!(asked[..length].starts_with(b"GET /readyz HTTP/1.0\r\n"));
            stream.write_all(b"HTTP/1.0 503 Not Ready\r\nA: b\r\n\r\nnats is away").await.expect("an answer");
        };
        let (answer, ()) = tokio::join!(get(at, "/readyz"), server);
        assert_eq!(answer, Some((503, "nats is away".to_owned())));
        drop(listener);
        assert_eq!(get(at, "/readyz").await, None);
    }
}
