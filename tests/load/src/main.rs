//! `hall-load`: load on a real dispatcher, each figure beside its limit measured in the same run.
//!
//! It starts the `ticket-dispatcher` beside its own binary on a ledger of its own, sends a bounded load over loopback,
//! and prints medians over runs. It must never send to anything but the dispatcher it started, and it stops by itself.

mod baseline;
mod boards;
mod client;
mod day;
mod disk;
mod fanout;
mod guesses;
mod next;
mod restart;
mod server;
mod soak;
mod tickets;
mod tls;

use clap::{Parser, Subcommand};

/// Load on a real dispatcher, with the limit of the machine measured in the same run.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Durable tickets per second at several counts of clients, beside a bare group commit of the same rows.
    Tickets(tickets::Args),
    /// The limit alone: rows per second of a bare group commit of the rows of this ledger.
    #[command(hide = true)]
    Bare(baseline::Args),
    /// `next` from many windows at once, and whether anybody is called twice.
    Next(next::Args),
    /// One call to many streams, with what a stream costs.
    Fanout(fanout::Args),
    /// Calls to boards that drop and come back, and what none of them showed.
    Boards(boards::Args),
    /// `kill -9` to the first good answer on a long journal.
    Restart(restart::Args),
    /// Guesses at tokens and check codes: what is found, and what a clock tells.
    Guesses(guesses::Args),
    /// What TLS costs: handshakes a second and the CPU of a call, beside the plain loopback listener.
    Tls(tls::Args),
    /// A week of whole days, and the memory that is left of it.
    Soak(soak::Args),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().what {
        What::Tickets(args) => tickets::run(&args).await,
        What::Bare(args) => baseline::run(args),
        What::Next(args) => next::run(&args).await,
        What::Fanout(args) => fanout::run(&args).await,
        What::Boards(args) => boards::run(&args).await,
        What::Restart(args) => restart::run(&args).await,
        What::Guesses(args) => guesses::run(&args).await,
        What::Tls(args) => tls::run(&args).await,
        What::Soak(args) => soak::run(&args).await,
    }
}
