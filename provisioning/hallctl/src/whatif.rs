//! `hallctl whatif`: asks a running dispatcher when the queue will be gone, and what if windows opened or closed now.

use std::path::PathBuf;
use std::process::ExitCode;

use ticket_dispatcher_protocol::client::{Access, CallError, Client};
use ticket_dispatcher_protocol::{Said, WhatIf};
use ticket_dispatcher_types::WindowId;

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// The dispatcher's loopback listener, `http://127.0.0.1:PORT`.
    #[arg(long, value_name = "URL")]
    dispatcher: String,
    /// File with the bearer token of that listener.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// A window that would open now; may be given several times.
    #[arg(long, value_name = "WINDOW")]
    open: Vec<WindowId>,
    /// A window that would close for the day now; may be given several times.
    #[arg(long, value_name = "WINDOW")]
    close: Vec<WindowId>,
    /// The whole answer as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Exit status 0 with an answer, 2 when the question is wrong, 3 when nobody answers.
pub fn run(args: &Args) -> ExitCode {
    match ask(args) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err((status, sentence)) => {
            eprintln!("{sentence}");
            ExitCode::from(status)
        }
    }
}

fn ask(args: &Args) -> Result<String, (u8, String)> {
    let named = |error: std::io::Error| (2, format!("{}: {error}", args.token_file.display()));
    let token = std::fs::read_to_string(&args.token_file).map_err(named)?;
    // The client can speak TLS, so it wants to know with what, even when it will not.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let access = Access::Loopback {
        token: token.trim().to_string(),
    };
    let client = Client::new(&args.dispatcher, access).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| (3, format!("no runtime: {error}")))?;
    if args.open.is_empty() && args.close.is_empty() {
        let clear = runtime.block_on(client.clear()).map_err(failed)?;
        return Ok(printed(args.json, serde_json::json!(clear), &clear.text));
    }
    let request = WhatIf {
        open: args.open.clone(),
        close: args.close.clone(),
    };
    let answer = runtime.block_on(client.what_if(&request)).map_err(failed)?;
    Ok(printed(args.json, serde_json::json!(answer), &answer.text))
}

fn printed(json: bool, whole: serde_json::Value, text: &Said) -> String {
    if json {
        return whole.to_string();
    }
    format!("{}\n{}", text.zh, text.en)
}

fn failed(error: CallError) -> (u8, String) {
    match error {
        CallError::Refused(problem) => (2, format!("the dispatcher refused: {}", problem.detail)),
        CallError::Settings(what) => (2, what),
        other => (3, other.to_string()),
    }
}
