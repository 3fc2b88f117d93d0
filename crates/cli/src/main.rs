//! `chainrule`: graphs, gradient checks and pictures of models in files. Everything is done by the library; here it is asked for, and
//! its answers are written down.

mod commands;
mod failure;
mod loaded;
mod output;

use clap::{CommandFactory, Parser, Subcommand};
use failure::Failure;
use std::process::ExitCode;

/// Looks at models in files: .chainrule and .json of the crate chainrule, .onnx, and weights in .safetensors, .npz and .npy.
///
/// Exit status: 0 if all is well, 1 if the answer is no (a check that does not pass, graphs that differ), 2 if a file or an argument
/// is wrong.
#[derive(Debug, Parser)]
#[command(name = "chainrule", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(commands::show::Show),
    Draw(commands::draw::Draw),
    Check(commands::check::Check),
    Run(commands::run::Run),
    Diff(commands::diff::Diff),
    Convert(commands::convert::Convert),
    /// Prints completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, in roff.
    Man,
}

/// Whether the answer is yes.
fn run(arguments: Arguments) -> Result<bool, Failure> {
    match arguments.command {
        Command::Show(show) => show.run(),
        Command::Draw(draw) => draw.run(),
        Command::Check(check) => check.run(),
        Command::Run(run) => run.run(),
        Command::Diff(diff) => diff.run(),
        Command::Convert(convert) => convert.run(),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "chainrule", &mut text);
            output::write(&text).map(|()| true)
        }
        Command::Man => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut text)?;
            output::write(&text).map(|()| true)
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // Whoever reads the output has what it wanted.
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Problem(problem)) => {
            eprintln!("chainrule: {problem}");
            ExitCode::from(2)
        }
    }
}
