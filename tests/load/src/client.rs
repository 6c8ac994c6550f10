//! The leanest HTTP/1.1 client that is still one: a load generator must not eat the machine it measures.

use std::net::IpAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// One keep-alive connection.
pub struct Client<S = TcpStream> {
    stream: S,
    head: String,
    buffer: Vec<u8>,
}

/// Status and body of an answer.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects to the dispatcher's loopback listener.
    pub async fn connect(address: &str, token: &str) -> anyhow::Result<Self> {
        Self::connect_from(address, token, IpAddr::from([127, 0, 0, 1])).await
    }

    /// The same from another address of this machine.
    pub async fn connect_from(address: &str, token: &str, from: IpAddr) -> anyhow::Result<Self> {
        let credentials = format!("Authorization: Bearer {token}\r\n");
        Ok(Self::over(stream_from(address, from).await?, address, &credentials))
    }
}

/// A stream to `address` from this address of the machine.
pub async fn stream_from(address: &str, from: IpAddr) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let stream = socket
        .connect(address.parse()?)
        .await
        .with_context(|| format!("connecting to {address}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Speaks over a stream that is open; `credentials` are whole lines of the head, or nothing.
    pub fn over(stream: S, host: &str, credentials: &str) -> Self {
        Self {
            stream,
            head: format!("Host: {host}\r\n{credentials}Content-Type: application/json\r\n"),
            buffer: Vec::with_capacity(4096),
        }
    }

    /// `POST path` with a JSON body and, where given, an idempotency key.
    pub async fn post(&mut self, path: &str, key: Option<&str>, body: &str) -> anyhow::Result<Answer> {
        let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
        let request = format!(
            "POST /api/v1{path} HTTP/1.1\r\n{}{key}Content-Length: {}\r\n\r\n{body}",
            self.head,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    /// `GET path`.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let request = format!("GET /api/v1{path} HTTP/1.1\r\n{}\r\n", self.head);
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> anyhow::Result<Answer> {
        self.buffer.clear();
        loop {
            if let Some(head_end) = find(&self.buffer, b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.buffer[..head_end]).context("an answer's head is not text")?;
                let status = head
                    .split(' ')
                    .nth(1)
                    .and_then(|s| s.parse().ok())
                    .context("no status")?;
                let length = content_length(head);
                let whole = head_end + 4 + length;
                while self.buffer.len() < whole {
                    self.more().await?;
                }
                return Ok(Answer {
                    status,
                    body: self.buffer[head_end + 4..whole].to_vec(),
                });
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the dispatcher closed the connection");
        }
        Ok(())
    }
}

fn content_length(head: &str) -> usize {
    let line = head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("content-length:"));
    line.and_then(|line| line[15..].trim().parse().ok()).unwrap_or(0)
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// A key that nobody has used.
pub fn fresh_key() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
}
