//! `making-record-simulator`: the making-record service of the demo, with made-up people.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use kiosk_making_simulator::serve::{Service, router, serve, tls};
use kiosk_making_simulator::{Book, control, people};
use tokio::net::TcpListener;

/// A making-record service with made-up people.
#[derive(Parser)]
struct Args {
    /// Where kiosks reach it, by mutual TLS.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the bench turns it, plain, on this machine alone.
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Certificate of the authority that kiosks' certificates come from, PEM.
    #[arg(long)]
    ca: PathBuf,
    /// Its own certificate, PEM.
    #[arg(long)]
    cert: PathBuf,
    /// Its private key, PEM.
    #[arg(long)]
    key: PathBuf,
    /// Seconds until a fee "gets paid".
    #[arg(long, default_value_t = 3)]
    pays_after_s: i64,
    /// A claim needs the token of a face that matched.
    #[arg(long)]
    wants_face: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .with_writer(std::io::stderr)
        .init();
    let args = Args::parse();
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok()
        .context("a TLS provider is installed already")?;
    anyhow::ensure!(args.control.ip().is_loopback(), "--control stays on this machine");
    let mut book = Book::new(people::people(), Some(args.pays_after_s));
    book.wants_face = args.wants_face;
    let service = Service::new(book);
    let acceptor = tls(&args.ca, &args.cert, &args.key)?;
    let listener = TcpListener::bind(args.listen).await.context("--listen")?;
    let bench = TcpListener::bind(args.control).await.context("--control")?;
    println!(
        "{{\"ready\":true,\"tls\":\"{}\",\"control\":\"{}\"}}",
        listener.local_addr()?,
        bench.local_addr()?
    );
    tokio::spawn(serve(listener, acceptor, router(service.clone())));
    tokio::spawn(async move { axum::serve(bench, control::router(service)).await });
    let mut stop = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = stop.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
    }
    Ok(())
}
