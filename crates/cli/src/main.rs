//! The `blocklog` command.

fn main() -> std::process::ExitCode {
    cli::main()
}
